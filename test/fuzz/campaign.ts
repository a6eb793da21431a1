import { Random } from '../sim/random.ts';
import type { BlockCoverage } from './block-coverage.ts';
import { MAX_KEPT_INPUTS } from './corpus.ts';
import { Mutator } from './mutator.ts';
import { type Fault, runBatch, shrink } from './runner.ts';
import type { FuzzTarget } from './target.ts';

/** Inputs between two looks at the coverage. */
const BATCH_INPUTS = 64;
/** Bounds what a target's names for outcomes may make a campaign keep. */
const MAX_OUTCOMES = 400;
/** Half of all mutations start from one of the latest finds. */
const LATEST_INPUTS = 16;

export interface CampaignOptions {
  readonly target: FuzzTarget;
  readonly corpus: readonly Uint8Array[];
  readonly coverage: BlockCoverage;
  readonly seed: number;
  /** Asked before every batch. */
  readonly goesOn: (executionCount: number) => boolean;
}

export interface CampaignResult {
  readonly executionCount: number;
  /** Characters of code that seeds and corpus reach, and that all inputs reach. */
  readonly knownCharacters: number;
  readonly reachedCharacters: number;
  /** Inputs that reached something new, in the order they were found. */
  readonly found: readonly Uint8Array[];
  readonly fault: Fault | undefined;
}

/** Runs mutations of a target's seeds and corpus, and keeps those that reach something new. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { target, coverage } = options;
  const random = new Random(options.seed).split(target.name);
  const mutator = new Mutator(random, target.dictionary, target.maxInputBytes);
  const news = new News(target, coverage);
  const pool = [...target.seeds(), ...options.corpus];
  if (pool.length === 0) pool.push(new Uint8Array(0));
  const found: Uint8Array[] = [];
  coverage.forget();
  let { fault } = await news.take(pool);
  let executionCount = pool.length;
  const knownCharacters = coverage.knownCharacters;
  while (fault === undefined && options.goesOn(executionCount)) {
    const inputs = Array.from({ length: BATCH_INPUTS }, () => {
      const isLatest = random.chance(0.5);
      const start = isLatest ? pool.slice(-LATEST_INPUTS) : pool;
      return mutator.mutate(random.pick(start), random.pick(pool));
    });
    executionCount += inputs.length;
    const batch = await news.look(inputs);
    fault = batch.fault;
    found.push(...batch.fresh);
    pool.push(...batch.fresh);
  }
  return {
    executionCount,
    knownCharacters,
    reachedCharacters: coverage.knownCharacters,
    found,
    fault: fault && (await shrink(target, fault)),
  };
}

/** Of `inputs` those that reach what seeds and shorter ones do not: what is worth keeping. */
export async function distilled(
  target: FuzzTarget,
  inputs: readonly Uint8Array[],
  coverage: BlockCoverage,
): Promise<Uint8Array[]> {
  const news = new News(target, coverage);
  coverage.forget();
  await news.take(target.seeds());
  const kept: Uint8Array[] = [];
  for (const input of [...inputs].sort((a, b) => a.length - b.length)) {
    if (kept.length === MAX_KEPT_INPUTS) break;
    if ((await news.take([input])).isNew) kept.push(input);
  }
  return kept;
}

/** What inputs have reached so far: code and outcomes. */
class News {
  readonly #target: FuzzTarget;
  readonly #coverage: BlockCoverage;
  readonly #outcomes = new Set<string>();

  constructor(target: FuzzTarget, coverage: BlockCoverage) {
    this.#target = target;
    this.#coverage = coverage;
  }

  /** Runs `inputs` together and takes in what they reach. */
  async take(inputs: readonly Uint8Array[]): Promise<{ isNew: boolean; fault: Fault | undefined }> {
    const { outcomes, fault } = await runBatch(this.#target, inputs);
    const reached = this.#coverage.take();
    const isNew = this.#coverage.isNew(reached) || this.#isNewOutcome(outcomes);
    this.#coverage.learn(reached);
    for (const outcome of outcomes) {
      if (this.#outcomes.size < MAX_OUTCOMES) this.#outcomes.add(outcome);
    }
    return { isNew, fault };
  }

  /** Runs `inputs` together, and one by one if they reached something new: who was it? */
  async look(
    inputs: readonly Uint8Array[],
  ): Promise<{ fresh: Uint8Array[]; fault: Fault | undefined }> {
    const { outcomes, fault } = await runBatch(this.#target, inputs);
    const reached = this.#coverage.take();
    const fresh: Uint8Array[] = [];
    if (fault !== undefined) return { fresh, fault };
    if (!this.#coverage.isNew(reached) && !this.#isNewOutcome(outcomes)) return { fresh, fault };
    for (const input of inputs) if ((await this.take([input])).isNew) fresh.push(input);
    // What ran only this once, or only behind another input, is not looked for again.
    this.#coverage.learn(reached);
    return { fresh, fault };
  }

  #isNewOutcome(outcomes: readonly string[]): boolean {
    if (this.#outcomes.size >= MAX_OUTCOMES) return false;
    return outcomes.some((outcome) => !this.#outcomes.has(outcome));
  }
}
