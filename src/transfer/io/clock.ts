/** A monotonic clock in integer microseconds; its zero is the start of the process. */
export function monotonicNowUs(): number {
  return Math.floor(performance.now() * 1000);
}
