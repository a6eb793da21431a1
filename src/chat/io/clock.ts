import { formatTime, type CivilTime, type Stamp, type WallClock } from '../core/local-time.ts';

/** All that the server knows of time. Tests hand in one that they move by hand. */
export interface Clock {
  /** Milliseconds that never go back. */
  monotonicMs(): number;
  /** Milliseconds since 1970; the operator may set it. */
  epochMs(): number;
  /** Calls `action` once after `delayMs`; the answer cancels it. */
  after(delayMs: number, action: () => void): () => void;
}

/** The machine's clock. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  epochMs: () => Date.now(),
  after: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** The wall clock in the time zone of this process. */
export function localWallClock(clock: Clock): WallClock {
  return {
    now: () => stampOf(clock.epochMs()),
    secondOf: (time) => Math.floor(dateOf(time).getTime() / 1000),
  };
}

function stampOf(epochMs: number): Stamp {
  const date = new Date(epochMs);
  const text = formatTime({
    year: date.getFullYear(),
    month: date.getMonth() + 1,
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
  });
  return { atSecond: Math.floor(epochMs / 1000), text };
}

function dateOf(time: CivilTime): Date {
  const date = new Date(2000, 0, 1, time.hour, time.minute, time.second);
  // The constructor reads the years 0 to 99 as 1900 to 1999.
  date.setFullYear(time.year, time.month - 1, time.day);
  // A shift between the two days' zones must not move the time of day.
  date.setHours(time.hour, time.minute, time.second);
  return date;
}
