import { expect, test } from 'vitest';
import { PacketWriter } from '../../../../../src/transfer/core/connection/packet-writer.ts';
import { SendStream } from '../../../../../src/transfer/core/connection/sending/send-stream.ts';
import { Sender } from '../../../../../src/transfer/core/connection/sending/sender.ts';
import { FixedWindow } from '../../../../../src/transfer/core/congestion/fixed.ts';
import { Path } from '../../../../../src/transfer/core/path/path.ts';
import { crcCheck } from '../../../../../src/transfer/core/wire/packet-check.ts';

const random = (): number => 0.5;

test('a silenced sender asks once in a probe timeout, however often its path is heard', () => {
  const buffer = new Uint8Array(1200);
  const controller = new FixedWindow({ windowPackets: 4, datagramBytes: 1200, random });
  const path = new Path({ address: 'b', port: 1 }, controller);
  const stream = new SendStream(100_000);
  const sender = new Sender(path, new PacketWriter(1, crcCheck), stream, 0, random);
  stream.write(new Uint8Array(50_000));
  let nowUs = 0;
  while (sender.pollData(buffer, nowUs) > 0);
  expect(sender.onPathHeard(nowUs)).toBe(false);
  while (!sender.isSilenced) {
    nowUs = sender.nextTimeoutUs;
    sender.handleTimeout(nowUs);
    while (sender.pollProbe(buffer, nowUs) > 0);
  }
  expect(sender.hasData).toBe(false);
  let askedCount = 0;
  const { probeTimeoutUs } = sender;
  const endUs = nowUs + 3 * probeTimeoutUs;
  for (; nowUs < endUs; nowUs += probeTimeoutUs / 10) {
    sender.onPathHeard(nowUs);
    while (sender.pollData(buffer, nowUs) > 0) askedCount++;
  }
  expect(askedCount).toBe(3);
  sender.audit();
});
