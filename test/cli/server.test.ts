import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { PUBLIC_KEY, RawClient } from '../chat/raw-client.ts';
import { CREDENTIALS, temporaryFolder } from '../chat/server-fixture.ts';
import { putTestKey, TEST_FINGERPRINT } from '../chat/test-key.ts';
import { UPD } from './upd-process.ts';

/** The command as a process of its own. */
function upd(args: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, [...UPD, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function resultOf(...args: string[]): Promise<Result> {
  const child = upd(args);
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

function folderWithCredentials(text: string = CREDENTIALS): string {
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'credentials.txt'), text);
  return dir;
}

test.each(['0', '6', '-1', '3.0', 'three', ''])(
  'the attempts argument %j is refused with the text of the contract and exit code 2',
  async (attempts) => {
    expect(await resultOf('server', '0', attempts)).toEqual({
      code: 2,
      stdout: '',
      stderr:
        `Invalid number of allowed failed consecutive attempt: ${attempts}. ` +
        'The valid value of argument number is an integer between 1 and 5\n',
    });
  },
);

test.each([
  ['no argument', ['server']],
  ['one argument', ['server', '0']],
  ['three arguments', ['server', '0', '3', '4']],
  ['an unknown option', ['server', '0', '3', '--nope']],
  ['a port that is none', ['server', '65536', '3']],
])('%s: usage on stderr, nothing on stdout, exit code 2', async (_, args) => {
  const { code, stdout, stderr } = await resultOf(...args);
  expect(stderr).toContain('Usage: upd server [options] <server_port>');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test('a wrong credentials.txt is named with its line, exit code 3', async () => {
  const dir = folderWithCredentials('jess pw\r\n\r\nJess pw2');
  expect(await resultOf('server', '0', '3', '--dir', dir)).toEqual({
    code: 3,
    stdout: '',
    stderr: `upd server: ${join(dir, 'credentials.txt')}:3: the username stands in line 1 already\n`,
  });
});

test('a port in use is one line on stderr, exit code 1', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const result = await resultOf('server', `${port}`, '3', '--dir', folderWithCredentials());
  other.close();
  expect(result).toEqual({
    code: 1,
    stdout: '',
    stderr: `upd server: cannot listen on 127.0.0.1:${port}: the port is already in use\n`,
  });
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  'a running server logs to stdout and at %s tells its clients, writes its files and exits with 0',
  async (signal) => {
    const dir = folderWithCredentials();
    putTestKey(dir);
    // Neither zone nor language of the machine may show in the month names.
    const environment = { TZ: 'Asia/Kolkata', LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8' };
    const server = upd(['server', '0', '3', '--dir', dir], environment);
    const lines: string[] = [];
    const firstLine = new Promise<string>((resolve) => {
      createInterface({ input: server.stdout! }).on('line', (line) => {
        lines.push(line);
        resolve(line);
      });
    });
    const [, port] = /^Server is running on 127\.0\.0\.1:(\d+)$/.exec(await firstLine)!;
    const jess = await RawClient.connect(Number(port));
    expect(await jess.login('jess', 'jess-pw')).toMatchObject({ type: 'welcome' });
    expect(readFileSync(join(dir, 'userlog.txt'), 'utf8')).toMatch(
      /^1; \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d; jess; 127\.0\.0\.1; 6000\n$/,
    );
    await jess.ask('post', { text: 'hello' });
    // Waited for from now on: it may have ended before jess is heard here.
    const closed = once(server, 'close');
    server.kill(signal);
    expect(await jess.next('ended')).toEqual({ type: 'ended', body: { reason: 'stopping' } });
    await closed;
    expect(server.exitCode).toBe(0);
    expect(readFileSync(join(dir, 'userlog.txt'), 'utf8')).toBe('');
    expect(readFileSync(join(dir, 'messagelog.txt'), 'utf8')).toMatch(/^1; .*; jess; hello; no\n$/);
    expect(readFileSync(join(dir, 'credentials.txt'), 'utf8')).toMatch(
      /^jess \$scrypt\$ln=15,r=8,p=3\$[^ ]+\nderek derek-pw\nsteve steve-pw\n$/,
    );
    expect(lines[1]).toBe(`Fingerprint: ${TEST_FINGERPRINT}`);
    expect(lines.slice(2).map((line) => line.replace(/^[^;]*; /, ''))).toEqual([
      'logged in; jess; 127.0.0.1',
      'posted #1; jess; 127.0.0.1',
      'stopping; -; -',
    ]);
  },
);

test('a first start makes a key beside the credentials; --no-register takes no new users', async () => {
  const dir = folderWithCredentials();
  const server = upd(['server', '0', '3', '--dir', dir, '--no-register']);
  const lines = createInterface({ input: server.stdout! })[Symbol.asyncIterator]();
  const [, port] = /:(\d+)$/.exec((await lines.next()).value as string)!;
  expect((await lines.next()).value).toMatch(/^Fingerprint: SHA256:[A-Za-z0-9+/]{43}$/);
  expect(statSync(join(dir, 'server.pem')).mode & 0o777).toBe(0o600);
  const stranger = await RawClient.connect(Number(port));
  const newUser = { user: 'anna', password: 'pw', udpPort: 1, publicKey: PUBLIC_KEY };
  expect(await stranger.ask('register', newUser)).toMatchObject({
    body: { reason: 'no-registration' },
  });
  stranger.socket.destroy();
});

test('a server.pem that holds no key is named, exit code 3, and stays', async () => {
  const dir = folderWithCredentials();
  writeFileSync(join(dir, 'server.pem'), 'nothing', { mode: 0o600 });
  const { code, stdout, stderr } = await resultOf('server', '0', '3', '--dir', dir);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toMatch(/^upd server: \S+server\.pem: it holds no private key .*\n$/);
  expect(readFileSync(join(dir, 'server.pem'), 'utf8')).toBe('nothing');
});

test('upd says how to use it, its version, and that a command is unknown', async () => {
  const help = await resultOf('--help');
  expect(help.code).toBe(0);
  expect(help.stdout.startsWith('Examples:\n  upd server 8000 3')).toBe(true);
  expect(await resultOf('--version')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
  });
  const unknown = await resultOf('fly');
  expect(unknown).toMatchObject({ code: 2, stdout: '' });
  expect(unknown.stderr).toContain("unknown command 'fly'");
});
