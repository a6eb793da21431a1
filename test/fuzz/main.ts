import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { BlockCoverage } from './block-coverage.ts';
import { distilled, runCampaign } from './campaign.ts';
import { inputOfLine, readCorpus, writeCorpus } from './corpus.ts';
import { parseFinding, writeFinding } from './finding.ts';
import { runBatch } from './runner.ts';
import type { FuzzTarget } from './target.ts';

/** V8 counts the blocks only of functions that it compiles after it was asked to: first of all, then. */
const coverage = new BlockCoverage((url) => url.includes('/src/'));
const { targets } = await import('./targets.ts');

const FINDINGS_FOLDER = join(import.meta.dirname, 'findings');
const DEFAULT_SECONDS = 10;

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    seconds: { type: 'string', default: String(DEFAULT_SECONDS) },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    replay: { type: 'string' },
  },
});

function targetNamed(name: string): FuzzTarget {
  const found = targets.find((target) => target.name === name);
  if (found === undefined) {
    const names = targets.map((target) => target.name).join(', ');
    throw new Error(`no target is called ${name}: there are ${names}`);
  }
  return found;
}

/** The input of a finding once more; whatever it throws is shown with its stack. */
async function replay(path: string): Promise<boolean> {
  const { target: name, line } = parseFinding(readFileSync(path, 'utf8'));
  const { outcomes, fault } = await runBatch(targetNamed(name), [inputOfLine(line)]);
  if (fault === undefined) console.log(`${name}: nothing is wrong any more: ${outcomes[0]!}`);
  else console.error(fault.error);
  return fault === undefined;
}

/** False when something was found. */
async function campaign(target: FuzzTarget, seconds: number, seed: number): Promise<boolean> {
  const endMs = performance.now() + seconds * 1_000;
  const corpus = readCorpus(target.name);
  const result = await runCampaign({
    target,
    corpus,
    coverage,
    seed,
    goesOn: () => performance.now() < endMs,
  });
  const { executionCount, knownCharacters, reachedCharacters, found, fault } = result;
  let keptCount = corpus.length;
  if (fault === undefined && found.length > 0) {
    const kept = await distilled(target, [...corpus, ...found], coverage);
    writeCorpus(target.name, kept);
    keptCount = kept.length;
  }
  const columns = [
    target.name.padEnd(20),
    `${executionCount} runs`.padStart(14),
    `corpus ${corpus.length} → ${keptCount}`.padStart(20),
    `code ${knownCharacters} + ${reachedCharacters - knownCharacters}`.padStart(18),
  ];
  console.log(columns.join('  '));
  if (fault === undefined) return true;
  const path = relative(process.cwd(), writeFinding(FINDINGS_FOLDER, target.name, fault));
  console.log(`  ${fault.error.name}: ${fault.error.message.split('\n')[0]!}`);
  console.log(`  ${path}: npm run fuzz -- --replay ${path}`);
  return false;
}

async function campaigns(): Promise<boolean> {
  const seed = Number(values.seed);
  const chosen = values.target === undefined ? targets : [targetNamed(values.target)];
  console.log(`seed ${seed}`);
  let isClean = true;
  for (const target of chosen) {
    const isTargetClean = await campaign(target, Number(values.seconds), seed);
    isClean &&= isTargetClean;
  }
  return isClean;
}

const isClean = await (values.replay === undefined ? campaigns() : replay(values.replay));
coverage.stop();
process.exitCode = isClean ? 0 : 1;
