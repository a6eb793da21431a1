/** A monotonic clock in integer microseconds; its zero is the start of the process. */
export function monotonicNowUs(): number {
  return Math.floor(performance.now() * 1000);
}

/** What a driver asks of the event loop. Tests hand in one that they turn by hand. */
export interface Timers {
  /** Runs `action` once, after the next poll for I/O: what has arrived by now is read before it. */
  soon(action: () => void): void;
  /** Runs `action` once, `delayMs` (at least 1) from now or later; the answer cancels it. */
  after(delayMs: number, action: () => void): () => void;
}

/** The timers of this process. */
export const systemTimers: Timers = {
  soon: (action) => {
    setImmediate(action);
  },
  after: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};
