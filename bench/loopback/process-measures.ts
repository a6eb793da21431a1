import { readFileSync } from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the event loop is looked at. Seldom enough to cost nothing that is measured beside it. */
const RESOLUTION_MS = 5;

/** How late this thread's event loop is: what a shell in it would keep its user waiting. */
export class LoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  /** From now on. */
  start(): void {
    this.#histogram.reset();
    this.#histogram.enable();
  }

  /** The 99th percentile, and nothing more is measured. */
  stopP99Ms(): number {
    this.#histogram.disable();
    if (this.#histogram.count === 0) return 0;
    // What is recorded is the time from one look to the next.
    return Math.max(0, this.#histogram.percentile(99) / 1e6 - RESOLUTION_MS);
  }
}

/**
 * Largest resident set that this process has had as the program it is. Where Linux does not tell, that of
 * `resourceUsage`, which begins with what the parent had when it forked.
 */
export function peakRssBytes(): number {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))!;
    return Number(kibibytes) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}
