/**
 * What a newcomer waits for: from nothing to the first file that somebody has received, by the two commands of
 * the README behind `git clone`. `npx tsx bench/newcomer/first-delivery.ts [cold]` clones this repository's
 * last commit into a temporary folder and prints a `NewcomersWay`; `cold` with an empty npm cache.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What it prints: seconds, each step by itself. */
interface NewcomersWay {
  readonly cloneSec: number;
  /** `npm ci`, which also builds. */
  readonly installSec: number;
  /** From `npm run demo` to its first line of a file that was delivered. */
  readonly firstDeliverySec: number;
  readonly totalSec: number;
  readonly isCacheCold: boolean;
  readonly node: string;
}

/** The demo tells each delivery in a line behind this one. */
const BEFORE_DELIVERIES = 'All at once, in both directions:';

const isCacheCold = process.argv[2] === 'cold';
const top = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'updraft-newcomer-'));
const clone = join(folder, 'updraft');
const env = {
  ...process.env,
  ...(isCacheCold ? { npm_config_cache: join(folder, 'npm cache') } : {}),
};

/** Runs it; resolves with the seconds until its end, or until the line for which `isEnough` says yes. */
async function seconds(
  command: string,
  args: readonly string[],
  cwd: string,
  isEnough: (line: string) => boolean = () => false,
): Promise<number> {
  const startMs = performance.now();
  const sinceStart = (): number => (performance.now() - startMs) / 1000;
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let enoughSec: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (isEnough(line)) enoughSec ??= sinceStart();
  }
  const code = await exit;
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${code}`);
  return enoughSec ?? sinceStart();
}

try {
  const cloneSec = await seconds('git', ['clone', '--quiet', `file://${top}`, clone], folder);
  const installSec = await seconds('npm', ['ci'], clone);
  let hasBegun = false;
  const firstDeliverySec = await seconds('npm', ['run', 'demo'], clone, (line) => {
    const isDelivery = hasBegun && line.trim() !== '';
    hasBegun ||= line.includes(BEFORE_DELIVERIES);
    return isDelivery;
  });
  const totalSec = cloneSec + installSec + firstDeliverySec;
  const node = process.version;
  const way: NewcomersWay = {
    ...{ cloneSec, installSec, firstDeliverySec, totalSec, isCacheCold, node },
  };
  console.log(JSON.stringify(way));
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
