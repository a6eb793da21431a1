import { type ElementSpec, IP_UDP_BYTES } from './link.ts';
import { StepCursor, type Steps } from './rate-trace.ts';
import { Fate } from './trace.ts';

/** Every datagram takes this long. */
export function delay(delayUs: number): ElementSpec {
  return { kind: 'delay', build: () => ({ pass: (_flight, atUs) => atUs + delayUs }) };
}

/**
 * A delay that changes with time, as when a route does: what comes after a fall overtakes what came
 * before. Not to be placed behind an element after which times go back (`reorder`, `duplicate`).
 */
export function delaySteps(steps: Steps): ElementSpec {
  return {
    kind: 'delay',
    build() {
      const delayUs = new StepCursor(steps);
      return { pass: (_flight, atUs) => atUs + delayUs.at(atUs) };
    },
  };
}

/** Up to `jitterUs` more, uniform; nothing overtakes. */
export function jitter(jitterUs: number): ElementSpec {
  return {
    kind: 'jitter',
    build(_link, random) {
      let lastUs = 0;
      return {
        pass(_flight, atUs) {
          lastUs = Math.max(lastUs, atUs + random.integer(0, jitterUs));
          return lastUs;
        },
      };
    },
  };
}

/** Each datagram is lost with this probability, whatever became of the others. */
export function loss(probability: number): ElementSpec {
  return {
    kind: 'loss',
    build: (link, random) => ({
      pass: (flight, atUs) =>
        random.chance(probability) ? link.drop(flight, Fate.lost, atUs) : atUs,
    }),
  };
}

/** Gilbert–Elliott: a good and a bad state, moved between before each datagram. */
export interface BurstLoss {
  /** From good to bad. */
  readonly p: number;
  /** From bad to good; a bad state lasts 1/r datagrams on average. */
  readonly r: number;
  readonly lossInBad: number;
  readonly lossInGood: number;
}

export function burstLoss({ p, r, lossInBad, lossInGood }: BurstLoss): ElementSpec {
  return {
    kind: 'burst',
    build(link, random) {
      let isBad = false;
      return {
        pass(flight, atUs) {
          isBad = isBad ? random.next() >= r : random.next() < p;
          const isLost = random.next() < (isBad ? lossInBad : lossInGood);
          return isLost ? link.drop(flight, Fate.burst, atUs) : atUs;
        },
      };
    },
  };
}

/** With this probability a datagram comes later by 1…extraUs, and others overtake it. */
export function reorder(probability: number, extraUs: number): ElementSpec {
  return {
    kind: 'reorder',
    build: (link, random) => ({
      pass(flight, atUs) {
        if (!random.chance(probability)) return atUs;
        link.counters.reorderedCount++;
        link.note(flight, Fate.reordered, atUs);
        return atUs + random.integer(1, extraUs);
      },
    }),
  };
}

/** With this probability a copy follows, up to `laterUs` behind. */
export function duplicate(probability: number, laterUs = 0): ElementSpec {
  return {
    kind: 'duplicate',
    build: (link, random) => ({
      pass(flight, atUs) {
        if (random.chance(probability)) link.duplicate(flight, atUs + random.integer(0, laterUs));
        return atUs;
      },
    }),
  };
}

/** Most bits that one corruption flips. */
const MAX_FLIPPED_BITS = 4;

/** With this probability 1…4 different bits are flipped, so that it never stays what it was. */
export function corrupt(probability: number): ElementSpec {
  return {
    kind: 'corrupt',
    build: (link, random) => ({
      pass(flight, atUs) {
        if (!random.chance(probability)) return atUs;
        link.counters.corruptedCount++;
        const flipped = new Set<number>();
        for (let left = random.integer(1, MAX_FLIPPED_BITS); left > 0;) {
          const at = random.integer(0, flight.lengthBytes - 1);
          const bit = random.integer(0, 7);
          if (flipped.has(8 * at + bit)) continue;
          flipped.add(8 * at + bit);
          flight.bytes[at]! ^= 1 << bit;
          left--;
        }
        link.note(flight, Fate.corrupted, atUs);
        return atUs;
      },
    }),
  };
}

/** [from, to) in virtual microseconds. */
export type Interval = readonly [fromUs: number, toUs: number];

/** Nothing passes during the intervals. */
export function blackout(...intervals: readonly Interval[]): ElementSpec {
  return {
    kind: 'blackout',
    build: (link) => ({
      pass(flight, atUs) {
        for (const [fromUs, toUs] of intervals) {
          if (atUs >= fromUs && atUs < toUs) return link.drop(flight, Fate.blackout, atUs);
        }
        return atUs;
      },
    }),
  };
}

/** IP packets larger than this vanish without a word. */
export function mtu(packetBytes: number): ElementSpec {
  return {
    kind: 'mtu',
    build: (link) => ({
      pass: (flight, atUs) =>
        flight.lengthBytes + IP_UDP_BYTES > packetBytes
          ? link.drop(flight, Fate.tooBig, atUs)
          : atUs,
    }),
  };
}

/** A predicate decides for each datagram, for tests that need one certain loss. */
export function lose(
  isLost: (datagram: Uint8Array, sentCount: number, atUs: number) => boolean,
): ElementSpec {
  return {
    kind: 'lose',
    build(link) {
      let count = 0;
      return {
        pass: (flight, atUs) =>
          isLost(flight.bytes.subarray(0, flight.lengthBytes), count++, atUs)
            ? link.drop(flight, Fate.lost, atUs)
            : atUs,
      };
    },
  };
}
