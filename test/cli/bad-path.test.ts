import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { decodeTicket, encodeTicket } from '../../src/transfer/io/ticket/ticket-text.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { UdpRelay } from '../loopback/udp-relay.ts';
import { changedProgram, impatient } from './changed-program.ts';
import { randomFile, sha256 } from './sample-files.ts';
import { Receiver, send } from './ticket-processes.ts';

const FILE_BYTES = 4_000_000;
const RATE = '4M';

test('a path that is silent for a while is told on both sides with its reason, and from another port it goes on', async () => {
  const program = changedProgram(...impatient);
  const receiver = new Receiver(['--once'], temporaryFolder(), { program });
  const ticket = decodeTicket(await receiver.ticket())!;
  let passedBytes = 0;
  let onDown: (() => void) | undefined;
  const isDown = new Promise<void>((resolve) => (onDown = resolve));
  const relay = await UdpRelay.open({
    listenerPort: ticket.port,
    onPassed: (datagram, towards) => {
      if (towards === 'listener') passedBytes += datagram.length;
      if (onDown === undefined || passedBytes < FILE_BYTES / 4) return;
      relay.isDown = true;
      onDown();
      onDown = undefined;
    },
  });
  onTestFinished(() => relay.close());
  const path = randomFile(temporaryFolder(), 'film', FILE_BYTES);
  const through = encodeTicket({ ...ticket, port: relay.port, addresses: ['127.0.0.1'] });
  const sender = send([path, '--to', through, '--rate', RATE], {}, { program });

  await isDown;
  expect(await sender.warned('no answer')).toMatch(/stalled \d+s: no answer, trying again$/);
  expect(await receiver.warned('no answer')).toMatch(/stalled \d+s: no answer, trying again$/);
  await relay.moveOpener();
  relay.isDown = false;
  await sender.warned('goes on');
  await receiver.warned('goes on');
  expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
  expect(sha256(join(receiver.dir, 'film'))).toBe(sha256(path));
  // What was on its way went twice, not all of it.
  expect(passedBytes).toBeLessThan(1.5 * FILE_BYTES);
});
