import assert from 'node:assert/strict';
import { Session, type Profiler } from 'node:inspector';

/** Which characters of a script ran: 1 for each that did. */
type ReachedCode = ReadonlyMap<string, Uint8Array>;

/**
 * Which code of the program has run, block by block, as V8 counts it (Chrome DevTools protocol,
 * `Profiler.takePreciseCoverage` with `detailed`). Asking takes about half a millisecond, so inputs are
 * run many at a time, and one by one only when something of them was new.
 */
export class BlockCoverage {
  readonly #session = new Session();
  readonly #isOurs: (url: string) => boolean;
  readonly #known = new Map<string, Uint8Array>();

  /** @param isOurs whether the code of this script counts */
  constructor(isOurs: (url: string) => boolean) {
    this.#isOurs = isOurs;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  stop(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  /** Characters of code that are known to have run. */
  get knownCharacters(): number {
    let count = 0;
    for (const script of this.#known.values()) for (const has of script) count += has;
    return count;
  }

  /** What has run since it was asked last. */
  take(): ReachedCode {
    let scripts: readonly Profiler.ScriptCoverage[] | undefined;
    this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
      assert(error === null, 'coverage can be taken while it is counted');
      scripts = taken.result;
    });
    assert(scripts !== undefined, 'an inspector of the same thread answers at once');
    return new Map(
      scripts
        .filter(({ url }) => this.#isOurs(url))
        .map(({ url, functions }) => [url, reachedIn(functions)]),
    );
  }

  /** Whether something of `reached` is not known. */
  isNew(reached: ReachedCode): boolean {
    for (const [url, code] of reached) {
      const known = this.#known.get(url);
      if (code.some((has, at) => has === 1 && known?.[at] !== 1)) return true;
    }
    return false;
  }

  learn(reached: ReachedCode): void {
    for (const [url, code] of reached) {
      const known = this.#known.get(url) ?? new Uint8Array(0);
      const merged = new Uint8Array(Math.max(known.length, code.length));
      merged.set(known);
      code.forEach((has, at) => {
        if (has === 1) merged[at] = 1;
      });
      this.#known.set(url, merged);
    }
  }

  /** Nothing is known. */
  forget(): void {
    this.take();
    this.#known.clear();
  }
}

/** Ranges stand within each other, and the inner one says what is so within it. */
function reachedIn(functions: readonly Profiler.FunctionCoverage[]): Uint8Array {
  const ranges = functions.flatMap((code) => code.ranges);
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const reached = new Uint8Array(ranges.reduce((end, range) => Math.max(end, range.endOffset), 0));
  for (const { startOffset, endOffset, count } of ranges) {
    reached.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  }
  return reached;
}
