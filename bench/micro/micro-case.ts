/** One structure under one pattern of use. */
export interface MicroCase {
  readonly name: string;
  /** What one operation handles, where bytes are what it costs. */
  readonly bytes?: number;
  /**
   * Makes what it needs. What is returned does so many operations, as often as it is called, and throws
   * when their result is wrong.
   */
  prepare(): (count: number) => void;
}

/** What a case costs. */
export interface MicroResult {
  readonly name: string;
  /** User and system of the whole process, collections of garbage included; the median of the samples. */
  readonly cpuNs: number;
  readonly lowestNs: number;
  readonly highestNs: number;
  /** 10^6 bytes a CPU second. */
  readonly mbPerSec: number | undefined;
}

const SAMPLES = 5;
/** With fewer operations the clock would be what is measured. */
const FIRST_COUNT = 64;

/** @param sampleMs CPU time that a sample takes at least; before the first one as much is not counted */
export function measureCase(micro: MicroCase, sampleMs: number): MicroResult {
  const run = micro.prepare();
  let count = FIRST_COUNT;
  for (let tookMs = 0; tookMs < sampleMs; count *= 2) {
    run(count);
    tookMs = cpuNsOf(run, count) / 1e6;
  }
  const samples = Array.from({ length: SAMPLES }, () => cpuNsOf(run, count) / count).sort(
    (one, other) => one - other,
  );
  const cpuNs = samples[SAMPLES >> 1]!;
  return {
    name: micro.name,
    ...{ cpuNs, lowestNs: samples[0]!, highestNs: samples.at(-1)! },
    mbPerSec: micro.bytes === undefined ? undefined : (micro.bytes * 1e3) / cpuNs,
  };
}

function cpuNsOf(run: (count: number) => void, count: number): number {
  const before = process.cpuUsage();
  run(count);
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1e3;
}
