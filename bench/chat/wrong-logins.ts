/**
 * What wrong logins from one address cost everybody else: a real server with the real work of
 * scrypt, one user who posts, one who logs in from another address, and a flood of guesses.
 *
 *   npx tsx bench/run.ts chat/wrong-logins --guesses 10000 --seconds 5 --rounds 5
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { RawClient } from '../../test/chat/raw-client.ts';
import { compiledScript } from '../compiled.ts';

const { values } = parseArgs({
  options: {
    guesses: { type: 'string', default: '10000' },
    /** Of each part at most; guesses at nobody take one scrypt each, so there they are the limit. */
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '5' },
  },
});
/** Between two commands of the one who posts. */
const POST_EVERY_MS = 20;

const dir = mkdtempSync(join(tmpdir(), 'updraft-guesses-'));

function run(script: string, ...args: readonly string[]): ChildProcess {
  const command = [compiledScript(script), ...args];
  return spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function portOf(server: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: server.stdout! })) {
    const match = /^Server is running on .*:(\d+)$/.exec(line);
    if (match) return Number(match[1]);
  }
  throw new Error('the server did not start');
}

/** Milliseconds that each command took until `isOver`. */
async function post(client: RawClient, isOver: () => boolean): Promise<number[]> {
  const tookMs: number[] = [];
  while (!isOver()) {
    const startMs = performance.now();
    const { type } = await client.ask('post', { text: 'hello' });
    if (type !== 'done') throw new Error(`a post was answered with ${type}`);
    tookMs.push(performance.now() - startMs);
    await pause(POST_EVERY_MS);
  }
  return tookMs;
}

function summaryOf(tookMs: readonly number[]): object {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(2));
  return { count: sorted.length, medianMs: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99) };
}

async function quiet(client: RawClient): Promise<number[]> {
  const endMs = performance.now() + Number(values.seconds) * 1_000;
  return post(client, () => performance.now() >= endMs);
}

interface Flood {
  readonly postsMs: readonly number[];
  /** How often each answer was given to a guess. */
  readonly guesses: Readonly<Record<string, number>>;
  /** Of the user who was guessed at, from an address of her own, in the middle of it. */
  readonly loginMs: number;
}

async function flooded(client: RawClient, port: number, names: string): Promise<Flood> {
  const flood = run('chat/login-flood.ts', `${port}`, values.guesses, values.seconds, names);
  let isOver = false;
  const lines = createInterface({ input: flood.stdout! })[Symbol.asyncIterator]();
  await lines.next();
  const tally = lines.next().then(({ value: json }) => {
    isOver = true;
    return JSON.parse(json as string) as Record<string, number>;
  });
  const posts = post(client, () => isOver);
  await pause(Number(values.seconds) * 500);
  const jess = await RawClient.connect(port, '127.0.0.3');
  const startMs = performance.now();
  const { type } = await jess.login('jess', 'jess-pw');
  if (type !== 'welcome') throw new Error(`the login from elsewhere was answered with ${type}`);
  const loginMs = Math.round(performance.now() - startMs);
  jess.socket.destroy();
  return { guesses: await tally, loginMs, postsMs: await posts };
}

function total(floods: readonly Flood[]): object {
  const guesses: Record<string, number> = {};
  for (const flood of floods) {
    for (const [answer, count] of Object.entries(flood.guesses)) {
      guesses[answer] = (guesses[answer] ?? 0) + count;
    }
  }
  const posts = summaryOf(floods.flatMap(({ postsMs }) => postsMs));
  return { guesses, loginsMs: floods.map(({ loginMs }) => loginMs), posts };
}

writeFileSync(join(dir, 'credentials.txt'), 'jess jess-pw\nderek derek-pw\n');
const server = run('../dist/program/upd.js', 'server', '0', '3', '--dir', dir);
try {
  const port = await portOf(server);
  server.stdout!.resume();
  const derek = await RawClient.connect(port, '127.0.0.2');
  await derek.login('derek', 'derek-pw');
  const quietMs: number[] = [];
  const atUser: Flood[] = [];
  const atNobody: Flood[] = [];
  // In turns: the machine is not equally fast all the time.
  for (let round = 0; round < Number(values.rounds); round++) {
    quietMs.push(...(await quiet(derek)));
    atUser.push(await flooded(derek, port, 'known'));
    quietMs.push(...(await quiet(derek)));
    atNobody.push(await flooded(derek, port, 'unknown'));
  }
  const report = {
    quiet: summaryOf(quietMs),
    guessesAtAUser: total(atUser),
    guessesAtNobody: total(atNobody),
  };
  console.log(JSON.stringify(report, undefined, 2));
  derek.socket.destroy();
} finally {
  // It may still write its credentials: the folder goes when the server has gone.
  const ended = server.exitCode === null ? once(server, 'exit') : undefined;
  server.kill();
  await ended;
  rmSync(dir, { recursive: true, force: true });
}
