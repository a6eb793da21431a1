import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { Random } from '../sim/random.ts';
import { BlockCoverage } from './block-coverage.ts';
import { type CampaignResult, runCampaign } from './campaign.ts';
import {
  CORPUS_FOLDER,
  inputOfLine,
  lineOfInput,
  MAX_KEPT_INPUTS,
  readCorpus,
  writeCorpus,
} from './corpus.ts';
import { parseFinding, writeFinding } from './finding.ts';
import { Mutator } from './mutator.ts';
import { runBatch } from './runner.ts';
import { type FuzzTarget, tokens } from './target.ts';
import { targets } from './targets.ts';

const MUTATIONS = 100;
/** For a target that does not end; any other one takes less, on a busy machine too. */
const MAX_RUN_MS = 500;
const SEED = 5;

describe.each(targets)('target $name', (target) => {
  const corpus = readCorpus(target.name);

  test('keeps its laws for every seed and every kept input', async () => {
    expect(corpus.length).toBeLessThanOrEqual(MAX_KEPT_INPUTS);
    const { fault } = await runBatch(target, [...target.seeds(), ...corpus]);
    expect(fault).toBeUndefined();
  });

  test('keeps its laws for some mutations of them', async () => {
    const random = new Random(SEED).split(target.name);
    const mutator = new Mutator(random, target.dictionary, target.maxInputBytes);
    const pool = [...target.seeds(), ...corpus];
    const inputs = Array.from({ length: MUTATIONS }, () => {
      return mutator.mutate(random.pick(pool), random.pick(pool));
    });
    const { fault } = await runBatch(target, inputs);
    expect(fault).toBeUndefined();
  });

  test('takes the same way with the same input', async () => {
    const pool = [...target.seeds(), ...corpus];
    const once = await runBatch(target, pool);
    expect(await runBatch(target, pool)).toEqual(once);
  });
});

test('every kept corpus belongs to a target', () => {
  const names = targets.map(({ name }) => `${name}.txt`);
  expect(names).toEqual(expect.arrayContaining(readdirSync(CORPUS_FOLDER)));
  expect(new Set(names).size).toBe(names.length);
});

/** Throws for `fuzz…` only, one comparison behind the other. */
const planted = `(bytes) => {
  if (bytes[0] === 0x66) {
    if (bytes[1] === 0x75) {
      if (bytes[2] === 0x7a) {
        if (bytes[3] === 0x7a) throw new RangeError('found at ' + bytes.length);
        return 'three';
      }
      return 'two';
    }
    return 'one';
  }
  return 'none';
}`;

describe('a campaign', () => {
  const coverage = new BlockCoverage((url) => url === 'planted.js');
  afterAll(() => {
    coverage.stop();
  });

  /** `isOpaque`: the outcome tells nothing, only coverage does. */
  function campaign(name: string, maxExecutions: number): Promise<CampaignResult> {
    const script = new Script(planted, { filename: name });
    const decode = script.runInThisContext() as (bytes: Uint8Array) => string;
    const target: FuzzTarget = {
      name: 'planted',
      maxInputBytes: 8,
      seeds: () => [new Uint8Array(6)],
      dictionary: [Uint8Array.of(0)],
      run(input) {
        decode(input);
        return '';
      },
    };
    return runCampaign({
      target,
      corpus: [],
      coverage,
      seed: SEED,
      goesOn: (executionCount) => executionCount < maxExecutions,
    });
  }

  test('is led by coverage to a fault that chance does not find, and makes it small', async () => {
    const { fault, executionCount, found } = await campaign('planted.js', 200_000);
    expect(fault?.error).toEqual(new RangeError('found at 4'));
    expect(Buffer.from(fault!.input).toString()).toBe('fuzz');
    expect(found).toHaveLength(3);
    const blind = await campaign('elsewhere.js', executionCount);
    expect([blind.fault, blind.found]).toEqual([undefined, []]);
  });

  test('does the same again with the same seed', async () => {
    const [once, again] = [
      await campaign('planted.js', 20_000),
      await campaign('planted.js', 20_000),
    ];
    expect(again).toEqual(once);
    expect(once.found.length).toBeGreaterThan(0);
  });
});

test('a target that does not end is a fault, and so is one that rejects', async () => {
  const run = (input: Uint8Array): string | Promise<string> => {
    if (input[0] === 1) return Promise.reject(new Error('late'));
    for (;;) if (input[0] === 0) return Promise.resolve('soon');
  };
  const target: FuzzTarget = {
    name: 'endless',
    maxInputBytes: 1,
    seeds: () => [],
    dictionary: [],
    run,
  };
  const inputs = [0, 0, 2].map((byte) => Uint8Array.of(byte));
  const endless = await runBatch(target, inputs, MAX_RUN_MS);
  expect(endless).toMatchObject({
    outcomes: ['soon', 'soon'],
    fault: { input: Uint8Array.of(2), error: { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' } },
  });
  const rejected = await runBatch(target, [Uint8Array.of(1)]);
  expect(rejected.fault?.error.message).toBe('late');
});

test('an input whose time those before it have used up is run once more, and is no fault', async () => {
  let isFirst = true;
  const run = ([byte]: Uint8Array): string => {
    const isSlow = byte === 1 && isFirst;
    if (isSlow) isFirst = false;
    while (isSlow);
    return 'at last';
  };
  const target = { name: 'slow', maxInputBytes: 1, seeds: () => [], dictionary: [], run };
  const inputs = [0, 1, 0].map((byte) => Uint8Array.of(byte));
  const batch = await runBatch(target, inputs, MAX_RUN_MS);
  expect(batch).toEqual({ outcomes: inputs.map(() => 'at last'), fault: undefined });
});

test('a mutation keeps within its limit and leaves its input as it was', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(), fc.nat(60), (input, seed, maxBytes) => {
      const mutator = new Mutator(new Random(seed), tokens('token'), maxBytes);
      const before = input.slice();
      for (let count = 0; count < 20; count++) {
        expect(mutator.mutate(input, input).length).toBeLessThanOrEqual(maxBytes);
      }
      expect(input).toEqual(before);
    }),
  );
});

test('any input survives its line, its corpus and its finding', () => {
  const folder = mkdtempSync(join(tmpdir(), 'updraft-fuzz-'));
  const ascii = fc.string().map((text) => tokens(text)[0]!);
  fc.assert(
    fc.property(fc.array(fc.oneof(ascii, fc.uint8Array()), { minLength: 1 }), (inputs) => {
      for (const input of inputs) expect(inputOfLine(lineOfInput(input))).toEqual(input);
      const kept = inputs.filter(({ length }) => length > 0);
      writeCorpus('any', kept, folder);
      expect(new Set(readCorpus('any', folder))).toEqual(new Set(kept));
      const path = writeFinding(folder, 'any', { input: inputs[0]!, error: new Error('a\nb') });
      const { target, line } = parseFinding(readFileSync(path, 'utf8'));
      expect([target, inputOfLine(line)]).toEqual(['any', inputs[0]]);
    }),
    { numRuns: 50 },
  );
});
