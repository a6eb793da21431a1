import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { MAX_LOGIN_FRAME_BYTES } from '../../src/chat/core/protocol.ts';
import { crc32 } from '../../src/transfer/core/wire/checksum.ts';
import { CREDENTIALS, temporaryFolder } from '../chat/server-fixture.ts';
import { putTestKey } from '../chat/test-key.ts';
import { ClientProcess, UPD } from './client-process.ts';
import { randomFile, sha256 } from './sample-files.ts';

/** Half of V8's young generation on 64 bits: so much may wait for its collector. */
const YOUNG_GENERATION_BYTES = 16_777_216;

interface ServerProcess {
  readonly port: number;
  readonly pid: number;
}

async function startServerProcess(): Promise<ServerProcess> {
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'credentials.txt'), CREDENTIALS);
  putTestKey(dir);
  const child = spawn(process.execPath, [...UPD, 'server', '0', '3', '--dir', dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { port: Number(/:(\d+)$/.exec(line)![1]), pid: child.pid! };
}

/** Bytes of memory that a process has, as Linux counts them. */
function residentBytes(pid: number): number {
  return 1024 * Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

/** Every second one has a good checksum and the first byte of our version: noise that looks right. */
function strangersDatagram(index: number): Uint8Array {
  const datagram = randomBytes(randomInt(1, 1_400));
  if (index % 2 === 1 || datagram.length < 18) return datagram;
  datagram[4] = 0x40 | (datagram[4]! & 0x0f);
  datagram.writeUInt32BE(crc32(datagram, 4, datagram.length));
  return datagram;
}

/** Sends so many datagrams to a port as fast as its socket takes them; gives how many were answered. */
async function pourDatagrams(port: number, count: number): Promise<number> {
  const socket = createSocket('udp4');
  let answers = 0;
  socket.on('message', () => answers++);
  for (let index = 0; index < count; index++) {
    socket.send(strangersDatagram(index), port, '127.0.0.1');
    if (index % 32 === 31) await turn();
  }
  await new Promise<void>((resolve) => {
    socket.send('last', port, '127.0.0.1', () => {
      socket.close(resolve);
    });
  });
  return answers;
}

/** One connection after the other that sends random bytes until it is cut off. */
async function pourBytes(port: number, connections: number): Promise<void> {
  for (let count = 0; count < connections; count++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(randomBytes(randomInt(1, 100_000)));
    socket.write('\n');
    socket.resume();
    await closed;
  }
}

async function enterPair(port: number): Promise<{ jess: ClientProcess; derek: ClientProcess }> {
  const [jess, derek] = await Promise.all([
    ClientProcess.enter(port, 'jess'),
    ClientProcess.enter(port, 'derek'),
  ]);
  return { jess, derek };
}

/** The UDP port of jess as derek sees it. */
async function portOfJess(derek: ClientProcess): Promise<number> {
  derek.type('ATU');
  const line = await derek.see('jess, 127.0.0.1, ');
  return Number(/127\.0\.0\.1, (\d+)/.exec(line)![1]);
}

test("a stranger's datagrams at the receiver and bytes at the server during a transfer change nothing", async () => {
  const server = await startServerProcess();
  const { jess, derek } = await enterPair(server.port);
  const udpPort = await portOfJess(derek);
  const path = randomFile(temporaryFolder(), 'film', 30_000_000);
  derek.type(`UPD jess ${path}`);
  await jess.warned('film from derek: receiving');
  const [answers] = await Promise.all([
    pourDatagrams(udpPort, 5_000),
    pourBytes(server.port, 30),
    derek.see('film has been delivered to jess'),
  ]);
  expect(answers).toBe(0);
  expect(sha256(jess.received('derek_film'))).toBe(sha256(path));
  derek.type('MSG still here');
  await jess.see('"still here"');
  // He may come in before or after her.
  expect(jess.errors.filter((line) => !/^film |^derek has joined\.$/.test(line))).toEqual([]);
  jess.type('OUT');
  expect(await jess.exit).toBe(0);
  expect(readdirSync(jess.inbox)).toEqual(['derek_film']);
});

test.skipIf(!existsSync('/proc/self/status'))(
  'the memory of a client and of the server stays flat under what strangers send',
  async () => {
    const server = await startServerProcess();
    const { jess, derek } = await enterPair(server.port);
    const udpPort = await portOfJess(derek);
    const pids = [jess.child.pid!, server.pid];
    const pour = async (): Promise<readonly number[]> => {
      const [answers] = await Promise.all([
        pourDatagrams(udpPort, 10_000),
        pourBytes(server.port, 60),
      ]);
      expect(answers).toBe(0);
      jess.type('ATU');
      await jess.see('derek, 127.0.0.1');
      return pids.map(residentBytes);
    };
    const rounds: (readonly number[])[] = [];
    while (rounds.length < 18) rounds.push(await pour());
    // The first rounds warm up the code and the heap. Of what the last ten pour, 70 MB in datagrams and 30 MB
    // in connections, it may hold one frame of one that has not logged in. A program that kept what comes
    // would have grown by all of it.
    const mostBytes = YOUNG_GENERATION_BYTES + MAX_LOGIN_FRAME_BYTES;
    for (const index of pids.keys()) {
      const grownBytes = rounds[17]![index]! - rounds[7]![index]!;
      expect(grownBytes, `process ${index}`).toBeLessThan(mostBytes);
    }
  },
);
