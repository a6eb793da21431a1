import { Script } from 'node:vm';
import type { FuzzTarget } from './target.ts';

/** An input that a target may not hang on: longer than any run takes on a slow machine. */
const MAX_RUN_MS = 10_000;

/** An input that broke a law, and how. */
export interface Fault {
  readonly input: Uint8Array;
  readonly error: Error;
}

/** What running some inputs has shown. */
export interface BatchOutcome {
  /** What became of each input, in their order; as many as ran. */
  readonly outcomes: readonly string[];
  readonly fault: Fault | undefined;
}

/** `Script` ends a loop that does not end by itself, which nothing else in one thread can. */
const guarded = new Script('globalThis.runGuarded()');

/** `run()`, ended with an error when it takes longer than `maxRunMs`. */
function runGuarded<T>(run: () => T, maxRunMs: number): T {
  const holder = globalThis as { runGuarded?: () => T };
  holder.runGuarded = run;
  return guarded.runInThisContext({ timeout: maxRunMs }) as T;
}

/** Runs `inputs` one after the other, up to the first fault. */
export async function runBatch(
  target: FuzzTarget,
  inputs: readonly Uint8Array[],
  maxRunMs: number = MAX_RUN_MS,
): Promise<BatchOutcome> {
  const outcomes: string[] = [];
  try {
    while (outcomes.length < inputs.length) {
      // As many as answer at once share one guard, which costs as much as a hundred short runs.
      const { length: firstIndex } = outcomes;
      try {
        const promise = runGuarded(() => {
          while (outcomes.length < inputs.length) {
            const outcome = target.run(inputs[outcomes.length]!.slice());
            if (typeof outcome !== 'string') return outcome;
            outcomes.push(outcome);
          }
          return undefined;
        }, maxRunMs);
        if (promise !== undefined) outcomes.push(await promise);
      } catch (thrown) {
        // Those before it may have used up the time, where others use the cores too: it begins anew with all of it.
        if (!isTimeout(thrown) || outcomes.length === firstIndex) throw thrown;
      }
    }
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return { outcomes, fault: { input: inputs[outcomes.length]!, error } };
  }
  return { outcomes, fault: undefined };
}

function isTimeout(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

/** The message without what differs from input to input. */
function kindOf(error: Error): string {
  return `${error.name} ${error.message.split('\n')[0]!.replace(/\d+/g, '0')}`;
}

/** Cuts pieces out of the input for as long as the same law stays broken. */
export async function shrink(target: FuzzTarget, fault: Fault): Promise<Fault> {
  let smallest = fault;
  for (let size = fault.input.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at + size <= smallest.input.length;) {
      const { input } = smallest;
      const shorter = new Uint8Array(
        Buffer.concat([input.subarray(0, at), input.subarray(at + size)]),
      );
      const { fault: found } = await runBatch(target, [shorter]);
      if (found !== undefined && kindOf(found.error) === kindOf(fault.error)) smallest = found;
      else at += size;
    }
  }
  return smallest;
}
