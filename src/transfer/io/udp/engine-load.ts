import { performance } from 'node:perf_hooks';
import type { FineTimers } from './fine-timers.ts';

/** Microseconds that this thread's event loop has been at work, without the sleeps of `fineTimers`. */
export function engineBusyUs(fineTimers: Pick<FineTimers, 'sleptUs'> | undefined): number {
  const activeUs = performance.eventLoopUtilization().active * 1_000;
  return Math.max(0, activeUs - (fineTimers?.sleptUs ?? 0));
}
