import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { randomFile, sha256 } from '../cli/sample-files.ts';

const top = resolve(import.meta.dirname, '../..');
const tsc = join(top, 'node_modules/typescript/bin/tsc');
/** The package as it is installed, built anew, so that no build can be out of date. */
let installed: string;

beforeAll(() => {
  installed = mkdtempSync(join(tmpdir(), 'updraft-'));
  bundle(join(top, 'src'), join(installed, 'dist/program'));
  const args = ['-p', 'tsconfig.build.json', '--outDir', join(installed, 'dist/types')];
  execFileSync(process.execPath, [tsc, ...args], { cwd: top });
  for (const name of ['package.json', 'examples']) {
    cpSync(join(top, name), join(installed, name), { recursive: true });
  }
  symlinkSync(join(top, 'node_modules'), join(installed, 'node_modules'));
});

afterAll(() => {
  rmSync(installed, { recursive: true });
});

function example(name: string, ...args: readonly string[]): ChildProcess {
  const program = spawn(process.execPath, [join('examples', name), ...args], {
    cwd: installed,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void program.kill('SIGKILL'));
  return program;
}

/** All that it prints; fails unless it ends by itself, and well. */
async function outputOf(program: ChildProcess): Promise<string> {
  const exit = once(program, 'exit');
  const output = await text(program.stdout!);
  expect(await exit).toEqual([0, null]);
  return output;
}

test('the examples send a file by a ticket, show its progress, and store it', async () => {
  const inbox = join(installed, 'inbox');
  mkdirSync(inbox);
  const path = randomFile(installed, 'movie.mp4', 3_000_000);
  const receiving = example('receive-files.mjs', inbox);
  const lines = createInterface({ input: receiving.stdout! })[Symbol.asyncIterator]();
  const ticket = (await lines.next()).value as string;
  const sent = await outputOf(example('send-files.mjs', ticket, path));
  expect(sent).toMatch(/(^|\n)3000000 of 3000000 bytes\n1 delivered\n$/);
  const stored = join(inbox, 'movie.mp4');
  expect((await lines.next()).value).toBe(`${stored} ${sha256(path)}`);
  expect((await lines.next()).done).toBe(true);
  expect(sha256(stored)).toBe(sha256(path));
});

test.each([[[]], [['no-ticket', 'movie.mp4']]])(
  'the example that sends says how it is called when it is called with %j',
  (args) => {
    const program = [join('examples', 'send-files.mjs'), ...args];
    const { status, stderr } = spawnSync(process.execPath, program, { cwd: installed });
    const usage = 'usage: node examples/send-files.mjs TICKET PATH…\n';
    expect([status, stderr.toString()]).toEqual([2, usage]);
  },
);

test('the examples stream between two endpoints of one process, and abort', async () => {
  const outputs = ['streams.mjs', 'abort.mjs'].map((name) => outputOf(example(name)));
  expect(await Promise.all(outputs)).toEqual([
    '1000 lines received\n',
    'cancelled because of TimeoutError: The operation was aborted due to timeout\n',
  ]);
});

/** Uses every form of the public types that differs between a loose and a strict program. */
const consumer = `
import { readFileSync } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import {
  createEndpoint, readTicket, transferErrorCodes, TransferError,
  type EndpointOptions, type OfferAnswer, type Transfer, type TransferErrorCode, type TransferResult,
} from 'updraft';

const options: EndpointOptions = {
  inbox: 'in',
  conflict: 'skip',
  onOffer: ({ name, sizeBytes }): OfferAnswer =>
    sizeBytes === undefined ? { into: new Writable() } : { storedName: name.toUpperCase() },
};
await using endpoint = await createEndpoint(options);
endpoint.on('transfer', (incoming: Transfer) => {
  incoming.on('failed', ({ code }) => code satisfies TransferErrorCode);
});
const ticket: string = endpoint.ticket({ addresses: ['127.0.0.1'] });
const port: number | undefined = readTicket(ticket)?.addresses[0]?.port;
const sent = endpoint.send({ ticket, stream: Readable.from([]), name: \`\${port}\`, signal: AbortSignal.timeout(1) });
for await (const { transferredBytes } of sent) transferredBytes satisfies number;
const result: TransferResult | TransferError = await sent.done.catch((error: unknown) => {
  if (error instanceof TransferError && transferErrorCodes.includes(error.code)) return error;
  throw error;
});
console.log(result, readFileSync.name);
// @ts-expect-error: neither paths nor a stream
endpoint.send({ ticket });
// @ts-expect-error: no such policy
await createEndpoint({ conflict: 'ask' });
`;

test('a strict TypeScript project, and the examples, type-check against the built declarations', () => {
  const project = join(installed, 'project');
  mkdirSync(join(project, 'node_modules'), { recursive: true });
  symlinkSync(installed, join(project, 'node_modules/updraft'));
  symlinkSync(join(top, 'node_modules/@types'), join(project, 'node_modules/@types'));
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(project, 'main.ts'), consumer);
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    allowJs: true,
    checkJs: true,
    noEmit: true,
  };
  const files = ['main.ts', '../examples/*.mjs'];
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: files }),
  );
  expect(complaintsOf(tsc, ['-p', project])).toBe('');
});

test('every exported symbol is documented, and the pages are made without a warning', () => {
  const typedoc = join(top, 'node_modules/typedoc/bin/typedoc');
  const out = join(installed, 'api');
  const args = ['--options', 'docs/typedoc.json', '--logLevel', 'Warn', '--out', out];
  expect(complaintsOf(typedoc, args)).toBe('');
  const page = readFileSync(join(out, 'functions/createEndpoint.md'), 'utf8');
  expect(page).toContain('An endpoint on one UDP port that sends and receives files.');
});

/** What a program of node_modules prints when it is not content; empty when it is. */
function complaintsOf(program: string, args: readonly string[]): string {
  try {
    execFileSync(process.execPath, [program, ...args], { cwd: top, stdio: 'pipe' });
    return '';
  } catch (error) {
    const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer };
    return `${stdout.toString()}${stderr.toString()}` || 'it failed without a word';
  }
}
