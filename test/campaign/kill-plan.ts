import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentOf } from '../transfer/files/memory-disk.ts';
import { Random } from '../sim/random.ts';
import { type Finding, type Kill, runKills, type Source, type Stage } from './kill-run.ts';

export interface PlanOptions {
  readonly seed: number;
  readonly momentCount: number;
}

/** A try after a kill is killed as well with this probability. */
const AGAIN = 0.25;
/** Of the moments: before anything has come, and after all has. */
const BEGIN_SHARE = 0.1;
const END_SHARE = 0.15;
/** Longest from the start of a sender to a moment before content, and to one behind its end. */
const BEGIN_MS = 600;
const END_MS = 400;
/** Longest from the point of the file that was drawn: its moments lie between two looks, too. */
const ASIDE_MS = 50;

/** Transfers with the moments of their kills, all drawn from the seed. */
export function planOf({ seed, momentCount }: PlanOptions): readonly (readonly Kill[])[] {
  const random = new Random(seed);
  const plan: Kill[][] = [];
  for (let count = 0; count < momentCount; count++) {
    const victim = random.pick(['sender', 'receiver', 'both'] as const);
    const kill = { victim, ...momentOf(random) };
    const last = plan.at(-1);
    if (last !== undefined && random.chance(AGAIN)) last.push(kill);
    else plan.push([kill]);
  }
  return plan;
}

function momentOf(random: Random): { readonly share: number; readonly afterMs: number } {
  const where = random.next();
  if (where < BEGIN_SHARE) return { share: 0, afterMs: random.integer(0, BEGIN_MS) };
  if (where > 1 - END_SHARE) return { share: 1, afterMs: random.integer(0, END_MS) };
  return { share: random.next(), afterMs: random.integer(0, ASIDE_MS) };
}

export interface CampaignOptions extends PlanOptions {
  readonly source: Source;
  readonly rate: string;
  /** What `buildUpd` gave. */
  readonly program: string;
  /** Transfers that run side by side. */
  readonly atOnce: number;
  readonly onRun?: (runIndex: number, outcome: readonly Finding[] | Error) => void;
}

/** All moments; gives what each has met. Goes on after a failure, and rejects with all of them. */
export async function runCampaign(options: CampaignOptions): Promise<readonly Finding[]> {
  const { source, rate, program, atOnce, onRun } = options;
  const plan = planOf(options);
  const findings: Finding[] = [];
  const faults: Error[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < plan.length) {
      const index = next++;
      try {
        const found = await runKills({ source, kills: plan[index]!, rate, program });
        findings.push(...found);
        onRun?.(index, found);
      } catch (error) {
        faults.push(error as Error);
        onRun?.(index, error as Error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (faults.length > 0) {
    throw new AggregateError(faults, `seed ${options.seed}: ${faults[0]!.message}`);
  }
  return findings;
}

/** A file of random content to send. */
export function makeSource(folder: string, sizeBytes: number, seed: number): Source {
  const name = 'film.bin';
  const path = join(folder, name);
  const content = contentOf(sizeBytes, seed);
  writeFileSync(path, content);
  return { path, name, sizeBytes, sha256: createHash('sha256').update(content).digest('hex') };
}

/** How many kills met what, as one line. */
export function summaryOf(findings: readonly Finding[]): string {
  const stages: readonly Stage[] = ['begun', 'partial', 'recorded', 'whole'];
  const counts = stages.map(
    (wanted) => `${wanted} ${findings.filter(({ stage }) => stage === wanted).length}`,
  );
  const again = findings
    .filter(({ stage }) => stage === 'partial')
    .map(({ againBytes }) => againBytes / 1e6)
    .sort((one, other) => one - other);
  const median = again[Math.floor(again.length / 2)] ?? 0;
  const most = again.at(-1) ?? 0;
  return `${findings.length} kills: ${counts.join(', ')}; sent again of a partial: median ${median.toFixed(1)} MB, most ${most.toFixed(1)} MB`;
}
