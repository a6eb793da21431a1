import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parseFingerprint } from '../../src/chat/core/fingerprint.ts';
import { openServerKey } from '../../src/chat/io/server-key.ts';
import { startClient } from './client-fixture.ts';
import { startFixture, temporaryFolder } from './server-fixture.ts';
import { TEST_FINGERPRINT } from './test-key.ts';
import { tlsServer } from './tls-server.ts';

const OTHER = parseFingerprint('A'.repeat(43))!;

/** A client that trusts what its state folder says. */
function trustingClient(port: number, stateDir: string): ReturnType<typeof startClient> {
  return startClient(port, { stateDir, fingerprint: undefined });
}

/** Where a client keeps what it knows of a server on this machine. */
function keptPath(stateDir: string, port: number): string {
  return join(stateDir, 'servers', `127.0.0.1_${port}`);
}

function keep(stateDir: string, port: number, text: string): void {
  mkdirSync(join(stateDir, 'servers'), { recursive: true });
  writeFileSync(keptPath(stateDir, port), text);
}

/** A server with the key for tests that counts what it is told. */
async function countingServer(): Promise<{ readonly port: number; readonly bytes: () => number }> {
  let bytes = 0;
  const port = await tlsServer((socket) => {
    socket.on('data', ({ length }: Buffer) => (bytes += length));
  });
  return { port, bytes: () => bytes };
}

test('the first contact trusts the key with one line and keeps it for the next, which is silent', async () => {
  const { server } = await startFixture();
  const stateDir = join(temporaryFolder(), 'state', 'updraft');
  const first = trustingClient(server.port, stateDir);
  first.console.type('jess', 'jess-pw', 'OUT');
  expect(await first.exit).toBe(0);
  const where = `127.0.0.1:${server.port}`;
  expect(first.console.errors).toEqual([
    `First connection to ${where}: its key ${TEST_FINGERPRINT} is trusted from now on.`,
  ]);
  const path = keptPath(stateDir, server.port);
  expect(readFileSync(path, 'utf8')).toBe(`${TEST_FINGERPRINT}\n`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(stateDir, 'servers')).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(stateDir, 'servers'))).toHaveLength(1);
  const second = trustingClient(server.port, stateDir);
  second.console.type('jess', 'jess-pw', 'OUT');
  expect(await second.exit).toBe(0);
  expect(second.console.errors).toEqual([]);
});

test('a changed key is refused with what to do, exit 5, before a byte is sent, and stays unknown', async () => {
  const { port, bytes } = await countingServer();
  const stateDir = temporaryFolder();
  keep(stateDir, port, `${OTHER}\n`);
  const { console, exit } = trustingClient(port, stateDir);
  console.type('jess', 'jess-pw');
  expect(await exit).toBe(5);
  expect(console.errors).toEqual([
    `The server at 127.0.0.1:${port} has a new key ${TEST_FINGERPRINT}, it was ${OTHER}: it was set up ` +
      'anew, or somebody sits in between. Nothing was sent to it. Ask whoever runs it; if the new key ' +
      `is right, connect once with --fingerprint ${TEST_FINGERPRINT}.`,
  ]);
  expect(console.rest()).toEqual([]);
  expect(bytes()).toBe(0);
  expect(readFileSync(keptPath(stateDir, port), 'utf8')).toBe(`${OTHER}\n`);
});

test('a fingerprint from outside that is right replaces the key that was kept, without a word', async () => {
  const { server } = await startFixture();
  const stateDir = temporaryFolder();
  keep(stateDir, server.port, `${OTHER}\n`);
  const { console, exit } = startClient(server.port, { stateDir });
  console.type('jess', 'jess-pw', 'OUT');
  expect(await exit).toBe(0);
  expect(console.errors).toEqual([]);
  expect(readFileSync(keptPath(stateDir, server.port), 'utf8')).toBe(`${TEST_FINGERPRINT}\n`);
});

test('a fingerprint from outside that is wrong is refused, exit 5, also if the key was known', async () => {
  const { port, bytes } = await countingServer();
  const stateDir = temporaryFolder();
  keep(stateDir, port, TEST_FINGERPRINT);
  const { console, exit } = startClient(port, { stateDir, fingerprint: OTHER });
  console.type('jess', 'jess-pw');
  expect(await exit).toBe(5);
  expect(console.errors).toEqual([
    `The server at 127.0.0.1:${port} has the key ${TEST_FINGERPRINT}, not the one given with ` +
      '--fingerprint. Nothing was sent to it. Ask whoever runs it for its fingerprint.',
  ]);
  expect(bytes()).toBe(0);
});

test('a kept key that cannot be read is no first contact: one line, exit 3', async () => {
  const { port, bytes } = await countingServer();
  const stateDir = temporaryFolder();
  keep(stateDir, port, 'SHA256:half');
  const { console, exit } = trustingClient(port, stateDir);
  expect(await exit).toBe(3);
  const path = keptPath(stateDir, port);
  expect(console.errors).toEqual([
    `The server's key cannot be compared: ${path}: it holds no fingerprint.`,
  ]);
  expect(bytes()).toBe(0);
});

/** A folder that is not there and cannot be made. */
function danglingFolder(): string {
  const path = join(temporaryFolder(), 'dangling');
  symlinkSync('no/such/folder', path);
  return path;
}

test('a key that cannot be kept is told, and the session goes on with that key only', async () => {
  const { server } = await startFixture();
  const { console, exit } = trustingClient(server.port, danglingFolder());
  console.type('jess', 'jess-pw', 'OUT');
  expect(await exit).toBe(0);
  expect(console.errors).toEqual([
    expect.stringMatching(/^The identity key cannot be kept: .*dangling.*\.$/) as string,
    expect.stringMatching(/^First connection to .* is trusted from now on\.$/) as string,
    expect.stringMatching(/^That key cannot be kept for the next time: .*dangling.*\.$/) as string,
  ]);
});

test.each([
  ['kept', temporaryFolder],
  ['not kept', danglingFolder],
] as const)(
  'who comes back over a second connection to another key that was %s is told, exit 5',
  async (_, folder) => {
    const pems = [
      await openServerKey(join(temporaryFolder(), 'a.pem')),
      await openServerKey(join(temporaryFolder(), 'b.pem')),
    ] as const;
    let bytes = 0;
    let idled = (): void => undefined;
    const isIdledOut = new Promise<void>((resolve) => (idled = resolve));
    // The first connection meets one key, the second another.
    const ports = [
      await tlsServer(
        (socket) => {
          socket.once('close', idled);
          socket.end('{"type":"ended","body":{"reason":"idle"}}\n');
        },
        { key: pems[0].pem, cert: pems[0].pem },
      ),
      await tlsServer((socket) => socket.on('data', ({ length }: Buffer) => (bytes += length)), {
        key: pems[1].pem,
        cert: pems[1].pem,
      }),
    ];
    let connections = 0;
    const middle = createServer((socket) => {
      const onward = connect(ports[Math.min(connections++, 1)]!, '127.0.0.1');
      for (const end of [socket, onward]) end.on('error', () => undefined);
      socket.pipe(onward).pipe(socket);
      onTestFinished(() => void socket.destroy());
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void middle.close());
    await once(middle, 'listening');
    const { port } = middle.address() as AddressInfo;
    const { console, exit } = trustingClient(port, folder());
    await isIdledOut;
    console.type('jess', 'jess-pw');
    expect(await exit).toBe(5);
    expect(console.errors.filter((line) => !line.includes('cannot be kept'))).toEqual([
      expect.stringContaining(`its key ${pems[0].fingerprint} is trusted`) as string,
      expect.stringContaining(`has a new key ${pems[1].fingerprint}`) as string,
    ]);
    expect(bytes).toBe(0);
  },
);

/** A server without TLS. */
async function plainServer(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    onSocket(socket);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test.each<[string, () => Promise<number>]>([
  ['ssh', () => plainServer((socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n'))],
  [
    'a web server without TLS',
    () =>
      plainServer((socket) => {
        socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
      }),
  ],
  [
    'who hangs up at the first byte',
    () =>
      plainServer((socket) => {
        socket.once('data', () => socket.resetAndDestroy());
      }),
  ],
  ['who hangs up at once', () => plainServer((socket) => socket.end())],
  ['a web server', () => tlsServer(() => undefined, { ALPNProtocols: ['h2', 'http/1.1'] })],
  ['a server of nothing in particular', () => tlsServer(() => undefined, { ALPNProtocols: [] })],
  ['a server of TLS 1.2', () => tlsServer(() => undefined, { maxVersion: 'TLSv1.2' })],
])('%s at that port is one line, exit 6, and no key is kept', async (_, start) => {
  const port = await start();
  const stateDir = temporaryFolder();
  const { console, exit } = trustingClient(port, stateDir);
  console.type('jess', 'jess-pw');
  expect(await exit).toBe(6);
  expect(console.errors).toEqual([
    `Cannot reach the chat server at 127.0.0.1:${port} (what answers there is not an updraft server). ` +
      'Check the address and the port, and that the server is running.',
  ]);
  expect(readdirSync(stateDir)).toEqual(['identity']);
});

test('who takes the connection and says nothing is given up after 10 s, one line, exit 6', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  let hear = (): void => undefined;
  const isHeard = new Promise<void>((resolve) => (hear = resolve));
  const port = await plainServer((socket) => socket.once('data', hear));
  const { console, exit } = startClient(port);
  await isHeard;
  vi.advanceTimersByTime(10_000);
  expect(await exit).toBe(6);
  expect(console.errors).toEqual([
    `Cannot reach the chat server at 127.0.0.1:${port} (no answer). ` +
      'Check the address and the port, and that the server is running.',
  ]);
});

test('what passes between client and server holds neither name, password nor text', async () => {
  const { server } = await startFixture();
  const passed: Buffer[] = [];
  const port = await plainServer((socket) => {
    const onward = connect(server.port, '127.0.0.1');
    onward.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => passed.push(chunk));
    onward.on('data', (chunk: Buffer) => passed.push(chunk));
    socket.pipe(onward).pipe(socket);
  });
  const { console, exit } = startClient(port);
  console.type('jess', 'jess-pw', 'MSG meet me at the harbour', 'OUT');
  expect(await exit).toBe(0);
  const wire = Buffer.concat(passed);
  expect(wire.length).toBeGreaterThan(1_000);
  for (const secret of ['jess', 'jess-pw', 'harbour', 'login', 'Message']) {
    expect(wire.includes(secret), secret).toBe(false);
  }
});

test('a fingerprint is read in the forms in which it is shown, and nothing else is one', () => {
  const digest = TEST_FINGERPRINT.slice('SHA256:'.length);
  for (const form of [TEST_FINGERPRINT, digest, `${digest}=`, `${TEST_FINGERPRINT}=`]) {
    expect(parseFingerprint(form)).toBe(TEST_FINGERPRINT);
  }
  for (const form of ['', 'SHA256:', digest.slice(1), `${digest}A`, `sha256:${digest}`]) {
    expect(parseFingerprint(form), form).toBe(undefined);
  }
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array(), (key, other) => {
      const shown = Buffer.from(key).toString('base64');
      expect(parseFingerprint(shown)).toBe(`SHA256:${shown.slice(0, 43)}`);
      if (other.length === 32) return;
      expect(parseFingerprint(Buffer.from(other).toString('base64'))).toBe(undefined);
    }),
  );
});
