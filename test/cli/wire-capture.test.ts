import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { ALPN_PROTOCOL } from '../../src/chat/core/protocol.ts';
import { systemClock } from '../../src/chat/io/clock.ts';
import { startFixture, temporaryFolder } from '../chat/server-fixture.ts';
import { UdpRelay } from '../loopback/udp-relay.ts';
import { ClientProcess } from './client-process.ts';
import { randomFile, sha256 } from './sample-files.ts';

/** Where the relay stands for jess: the server sees her there and tells derek so. */
const RELAY_HOST = '127.0.0.2';
const FILE_BYTES = 600_000;
const FILE_NAME = 'harbour-plans.pdf';
const MESSAGE = 'meet me at the old harbour, half past nine';
/** Between two samples of the file: each datagram of 1,200 bytes or more holds one of them whole. */
const SAMPLE_EVERY_BYTES = 500;
const SAMPLE_BYTES = 12;

/** A port in front of the server's, from which connections go on as if from `localAddress`. */
async function tapTcp(toPort: number, localAddress: string, heard: Buffer[]): Promise<number> {
  const tap = createServer((socket) => {
    const onward = connect({ port: toPort, host: '127.0.0.1', localAddress });
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      from.on('error', () => undefined);
      from.on('data', (bytes: Buffer) => heard.push(bytes));
      from.pipe(to);
    }
    onTestFinished(() => {
      socket.destroy();
      onward.destroy();
    });
  });
  tap.listen(0, '127.0.0.1');
  await once(tap, 'listening');
  onTestFinished(() => void tap.close());
  return (tap.address() as AddressInfo).port;
}

/** A secret as it is, and as it would stand in UTF-16, in hexadecimal digits and in Base64. */
function formsOf(secret: string): readonly Buffer[] {
  const bytes = Buffer.from(secret);
  const forms = [bytes, Buffer.from(secret, 'utf16le'), Buffer.from(bytes.toString('hex'))];
  // Base64 of what stands behind 0, 1 or 2 other bytes, less the digits that hold parts of those.
  for (const shift of [0, 1, 2]) {
    const digits = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    forms.push(Buffer.from(digits.slice(shift === 0 ? 0 : shift + 1).replace(/.=*$/, '')));
  }
  return forms;
}

function samplesOf(content: Buffer): readonly Buffer[] {
  const samples: Buffer[] = [];
  for (let at = 0; at + SAMPLE_BYTES <= content.length; at += SAMPLE_EVERY_BYTES) {
    samples.push(content.subarray(at, at + SAMPLE_BYTES));
  }
  return samples;
}

test('all that two clients and their server send holds no password, no message, no file and no file name', async () => {
  const { server } = await startFixture({ clock: systemClock });
  const tcp: Buffer[] = [];
  const udp: Buffer[] = [];
  const jess = await ClientProcess.enter(await tapTcp(server.port, RELAY_HOST, tcp), 'jess');
  const derek = await ClientProcess.enter(await tapTcp(server.port, '127.0.0.1', tcp), 'derek');
  derek.type('ATU');
  const shown = await derek.see(`jess, ${RELAY_HOST}, `);
  const port = Number(/, (\d+), active/.exec(shown)![1]);
  const relay = await UdpRelay.open({
    host: RELAY_HOST,
    port,
    listenerPort: port,
    onPassed: (datagram) => udp.push(datagram),
  });
  onTestFinished(() => relay.close());

  const path = randomFile(temporaryFolder(), FILE_NAME, FILE_BYTES);
  derek.type(`MSG ${MESSAGE}`, `UPD jess ${path}`);
  await jess.see(MESSAGE);
  await derek.see(`${FILE_NAME} has been delivered to jess`);
  await jess.see(`Received ${FILE_NAME} from derek`);
  expect(sha256(jess.received(`derek_${FILE_NAME}`))).toBe(sha256(path));

  const [chat, files] = [Buffer.concat(tcp), Buffer.concat(udp)];
  // What travels in the clear is found: the taps hear both kinds of traffic, all of it.
  expect(chat.includes(ALPN_PROTOCOL)).toBe(true);
  expect(files.length).toBeGreaterThan(FILE_BYTES);
  expect(files.length).toBeLessThan(3 * FILE_BYTES);
  const wire = Buffer.concat([chat, files]);
  for (const secret of [
    'jess-pw',
    'derek-pw',
    MESSAGE,
    'old harbour',
    FILE_NAME,
    'harbour-plans',
  ]) {
    for (const form of formsOf(secret)) {
      expect(wire.includes(form), `${secret} as ${form.toString('latin1')}`).toBe(false);
    }
  }
  const content = readFileSync(path);
  const found = samplesOf(content).filter((sample) => wire.includes(sample));
  expect(found).toEqual([]);
});
