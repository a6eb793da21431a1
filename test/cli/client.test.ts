import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { startFixture, temporaryFolder, type ServerFixture } from '../chat/server-fixture.ts';
import { TEST_FINGERPRINT } from '../chat/test-key.ts';
import { tlsServer } from '../chat/tls-server.ts';
import { UPD } from './upd-process.ts';

const { env: environment } = process;
const command = [process.execPath, ...UPD, 'client'];

/** `upd client` as a process of its own. */
class ClientProcess {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  /** The exit code, and the signal of one that died of it. */
  readonly exit: Promise<number | NodeJS.Signals | null>;
  readonly #waiting: (() => void)[] = [];

  constructor(words: readonly string[]) {
    const [file, ...args] = words;
    const env = { ...environment, XDG_STATE_HOME: temporaryFolder() };
    this.child = spawn(file!, args, { env, stdio: 'pipe' });
    this.exit = once(this.child, 'close').then(() => this.child.exitCode ?? this.child.signalCode);
    for (const name of ['stdout', 'stderr'] as const) {
      this.child[name]!.on('data', (chunk: Buffer) => {
        this[name] += chunk.toString();
        for (const wake of this.#waiting.splice(0)) wake();
      });
    }
    this.child.stdin!.on('error', () => undefined);
    onTestFinished(() => {
      this.child.kill('SIGKILL');
    });
  }

  type(text: string): void {
    this.child.stdin!.write(text);
  }

  async shown(text: string): Promise<void> {
    while (!this.stdout.includes(text)) {
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
  }
}

/** Up to the flags: the server's key is known. */
function wordsFor(serverPort: number): readonly string[] {
  return [...command, '127.0.0.1', `${serverPort}`, '0', '--fingerprint', TEST_FINGERPRINT];
}

function client({ server }: ServerFixture, ...flags: readonly string[]): ClientProcess {
  return new ClientProcess([...wordsFor(server.port), ...flags]);
}

/** What a piped session prints, from the welcome's last line on. */
function afterHelp(stdout: string): string {
  const at = stdout.indexOf('A time is');
  return stdout.slice(stdout.indexOf('\n', at) + 1);
}

test.each([
  ['no argument', []],
  ['a missing port', ['127.0.0.1', '8000']],
  ['an argument too many', ['127.0.0.1', '8000', '0', 'x']],
  ['a server port that is none', ['127.0.0.1', '0', '0']],
  ['a UDP port that is none', ['127.0.0.1', '8000', '65536']],
  ['an unknown option', ['127.0.0.1', '8000', '0', '--nope']],
  ['a queue of none', ['127.0.0.1', '8000', '0', '--queue', '0']],
  ['an unknown congestion control', ['127.0.0.1', '8000', '0', '--congestion', 'reno']],
])('%s: usage on stderr, nothing on stdout, exit code 2', async (_, args) => {
  const process = new ClientProcess([...command, ...args]);
  expect(await process.exit).toBe(2);
  expect(process.stderr).toContain('Usage: upd client [options] <server_IP>');
  expect(process.stdout).toBe('');
});

test.each([
  [['--congestion', 'cubic', '--window', '4'], 2, 'it goes with --congestion fixed only'],
  [['--congestion', 'fixed'], 2, '--congestion fixed needs --window N'],
  [['--inbox', 'no/such/folder'], 3, 'the inbox no/such/folder is not a folder; make it first'],
])('%j ends with its exit code and one line', async (flags, code, line) => {
  const process = new ClientProcess([...command, '127.0.0.1', '8000', '0', ...flags]);
  expect(await process.exit).toBe(code);
  expect(process.stderr).toMatch(/^upd client: [^\n]*\n$/);
  expect(process.stderr).toContain(line);
  expect(process.stdout).toBe('');
});

test('a session piped all at once prints exactly its prompts and answers, exit code 0', async () => {
  const fixture = await startFixture();
  const process = client(fixture);
  process.child.stdin!.end('jess\r\njess-pw\r\nmsg hello\r\nRDM 25 Apr 2021 05:26:29\nFLY\nATU');
  expect(await process.exit).toBe(0);
  expect(
    process.stdout.startsWith('Successfully connected to server\nUsername: \nPassword: \n'),
  ).toBe(true);
  expect(process.stdout).toContain('\nWelcome to updraft, jess!\n');
  expect(afterHelp(process.stdout)).toBe(
    'no other active user\n' +
      'Message #1 posted at 25 Apr 2021 05:26:30.\n' +
      '#1, jess: "hello", posted at 25 Apr 2021 05:26:30.\n' +
      'Unknown command: FLY. Commands are MSG, DLT, EDT, RDM, ATU, DM, UPD, DOC, XFR, CAN, YES, NO, RST, TRUST, HLP, OUT.\n' +
      'no other active user\n' +
      'Bye, jess!\n',
  );
  expect(process.stderr).toBe('');
});

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('two files cross at the same time over UDP, and each side tells both', async () => {
  const fixture = await startFixture();
  const folder = temporaryFolder();
  const inboxes = { jess: temporaryFolder(), derek: temporaryFolder() };
  const jess = client(fixture, '--inbox', inboxes.jess);
  const derek = client(fixture, '--inbox', inboxes.derek);
  const content = { jess: randomBytes(3_000_001), derek: randomBytes(2_000_000) };
  writeFileSync(join(folder, "jess's file"), content.jess);
  writeFileSync(join(folder, 'b.bin'), content.derek);
  jess.type('jess\njess-pw\n');
  await jess.shown('active');
  derek.type('derek\nderek-pw\n');
  await derek.shown('jess, 127.0.0.1');
  jess.type(`UPD derek "${folder}/jess's file"\n`);
  derek.type(`UPD jess ${folder}/b.bin\n`);
  await jess.shown(`Received b.bin from derek (2.0 MB, stored as ${inboxes.jess}/derek_b.bin).\n`);
  const stored = "jess_jess's file";
  await derek.shown(
    `Received jess's file from jess (3.0 MB, stored as ${inboxes.derek}/${stored}).\n`,
  );
  jess.child.stdin!.end();
  derek.child.stdin!.end();
  expect(await Promise.all([jess.exit, derek.exit])).toEqual([0, 0]);
  expect(jess.stdout).toMatch(
    /\njess's file has been delivered to derek \(3\.0 MB in [\d.:]+ (s|min), \d+\.\d [kMG]B\/s\)\.\n/,
  );
  expect(derek.stdout).toContain('\nb.bin has been delivered to jess (2.0 MB in ');
  expect(jess.stderr).toContain("jess's file to derek: sending\n");
  expect(readdirSync(inboxes.derek)).toEqual([stored]);
  expect(readdirSync(inboxes.jess)).toEqual(['derek_b.bin']);
  expect(sha256(readFileSync(join(inboxes.derek, stored)))).toBe(sha256(content.jess));
  expect(sha256(readFileSync(join(inboxes.jess, 'derek_b.bin')))).toBe(sha256(content.derek));
});

test('when all lines are piped at once, the end of input waits for what UPD began', async () => {
  const fixture = await startFixture();
  const inbox = temporaryFolder();
  const derek = client(fixture, '--inbox', inbox);
  derek.type('derek\nderek-pw\n');
  await derek.shown('active user');
  const path = join(temporaryFolder(), 'a.bin');
  const content = randomBytes(1_000_000);
  writeFileSync(path, content);
  const jess = client(fixture, '--window', '1');
  jess.child.stdin!.end(`jess\njess-pw\nUPD derek ${path}\n`);
  expect(await jess.exit).toBe(0);
  expect(jess.stdout).toContain('\na.bin has been delivered to derek (1.0 MB in ');
  expect(jess.stdout.endsWith('\nBye, jess!\n')).toBe(true);
  expect(sha256(readFileSync(join(inbox, 'jess_a.bin')))).toBe(sha256(content));
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s leaves in order with exit code %d', async (signal, code) => {
  const fixture = await startFixture();
  const process = client(fixture);
  process.type('jess\njess-pw\n');
  await process.shown('active user');
  process.child.kill(signal);
  expect(await process.exit).toBe(code);
  expect(fixture.log).toContain('logged out; jess; 127.0.0.1');
});

test('a second signal leaves at once, while the first one waits for the server', async () => {
  const users: readonly object[] = [];
  const port = await tlsServer((socket) => {
    createInterface({ input: socket }).on('line', (line) => {
      const { type, body } = JSON.parse(line) as { type: string; body: { request: number } };
      const { request } = body;
      const welcome = { type: 'welcome', body: { request, user: 'jess', users, more: false } };
      if (type === 'login') socket.write(`${JSON.stringify(welcome)}\n`);
      // The logout gets no answer, ever.
      if (type === 'logout') process.child.kill('SIGTERM');
    });
  });
  const process = new ClientProcess(wordsFor(port));
  process.type('jess\njess-pw\n');
  await process.shown('active user');
  process.child.kill('SIGINT');
  expect(await process.exit).toBe(143);
});

test('a server that stops: one line on stderr, exit code 6', async () => {
  const fixture = await startFixture();
  const process = client(fixture);
  process.type('jess\njess-pw\n');
  await process.shown('active user');
  await fixture.server.close();
  expect(await process.exit).toBe(6);
  expect(process.stderr).toBe('The server is stopping.\n');
});

test.skipIf(!existsSync('/usr/bin/script'))(
  'on a real terminal the password is not on the screen, and a session ends with 0',
  async () => {
    const fixture = await startFixture();
    const line = wordsFor(fixture.server.port)
      .map((word) => `'${word}'`)
      .join(' ');
    const process = new ClientProcess(['/usr/bin/script', '-qec', line, '/dev/null']);
    await process.shown('Username: ');
    process.type('jess\r');
    await process.shown('Password: ');
    process.type('jess-pw\r');
    await process.shown('> ');
    process.type('\u001b[A\u0015OUT\r');
    expect(await process.exit).toBe(0);
    expect(process.stdout).toContain('Bye, jess!');
    expect(process.stdout).not.toContain('jess-pw');
  },
);
