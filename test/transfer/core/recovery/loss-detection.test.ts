import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LossDetection } from '../../../../src/transfer/core/recovery/loss-detection.ts';
import { RttEstimator } from '../../../../src/transfer/core/recovery/rtt-estimator.ts';
import {
  PacketKind,
  PacketState,
  SentPackets,
} from '../../../../src/transfer/core/recovery/sent-packets.ts';

const FIRST = 1000;
const CAPACITY = 4096;

/** A connection that sends and hears of ACKs; numbers count from 0 here. */
class Situation {
  readonly sent: SentPackets = new SentPackets(FIRST, CAPACITY);
  readonly rtt: RttEstimator = new RttEstimator();
  readonly loss: LossDetection = new LossDetection();
  #sentCount = 0;

  constructor(rttUs: number) {
    this.rtt.onSample(rttUs, 0, 0, 0);
  }

  /** Sends one packet at each of these times. */
  send(...timesUs: number[]): this {
    for (const atUs of timesUs) {
      this.sent.add(atUs, 100, PacketKind.data, 100 * this.#sentCount++, 90, false);
    }
    return this;
  }

  /** What is declared lost when these are acknowledged at this time. */
  ack(nowUs: number, ...numbers: number[]): number[] {
    for (const number of numbers) {
      const n = FIRST + number;
      if (this.sent.state(n) === PacketState.lost) {
        this.loss.onSpuriousLoss(this.sent, n, this.rtt, nowUs);
      }
      this.sent.markAcked(n);
    }
    return this.detect(nowUs);
  }

  detect(nowUs: number): number[] {
    const lost: number[] = [];
    this.loss.detect(this.sent, this.rtt, nowUs, (n) => lost.push(n - FIRST));
    return lost;
  }
}

describe('three packets later', () => {
  test('a packet is lost, two packets later it is not', () => {
    const s = new Situation(40_000).send(0, 1, 2, 3, 4);
    expect(s.ack(40_000, 1)).toEqual([]);
    expect(s.ack(40_001, 2)).toEqual([]);
    expect(s.ack(40_002, 3)).toEqual([0]);
    expect(s.sent.state(FIRST)).toBe(PacketState.lost);
    expect(s.sent.lostAtUs(FIRST)).toBe(40_002);
  });

  test('nothing at or above the largest acknowledged number is lost', () => {
    const s = new Situation(40_000).send(0, 1, 2, 3, 4, 5, 6);
    expect(s.ack(9_000_000, 3)).toEqual([0, 1, 2]);
    expect(s.loss.lossTimeUs).toBe(Infinity);
    expect(s.detect(99_000_000)).toEqual([]);
  });

  test('losses come lowest first, each once', () => {
    const s = new Situation(40_000).send(...Array.from({ length: 20 }, (_, i) => i));
    expect(s.ack(40_020, 10, 4)).toEqual([0, 1, 2, 3, 5, 6, 7]);
    expect(s.detect(40_020)).toEqual([]);
    expect(s.ack(40_021, 12)).toEqual([8, 9]);
  });
});

describe('the time threshold', () => {
  test('is nine eighths of the round trip, to the microsecond', () => {
    const s = new Situation(40_000).send(0, 100);
    expect(s.ack(40_100, 1)).toEqual([]);
    expect(s.loss.lossTimeUs).toBe(45_000);
    expect(s.detect(44_999)).toEqual([]);
    expect(s.detect(45_000)).toEqual([0]);
    expect(s.loss.lossTimeUs).toBe(Infinity);
  });

  test('takes the latest round trip when that is longer than the smoothed one', () => {
    const s = new Situation(40_000).send(0, 100);
    s.rtt.onSample(80_000, 0, 0, 0);
    s.ack(80_100, 1);
    expect(s.loss.lossTimeUs).toBe(90_000);
  });

  test('is at least 2 ms', () => {
    const s = new Situation(50).send(0, 1);
    s.ack(60, 1);
    expect(s.loss.lossTimeUs).toBe(2_000);
  });

  test('is that of the earliest packet still in flight', () => {
    const s = new Situation(40_000).send(0, 200, 300);
    s.ack(40_300, 2);
    expect(s.loss.lossTimeUs).toBe(45_000);
    s.ack(40_301, 0);
    expect(s.loss.lossTimeUs).toBe(45_200);
    s.ack(40_302, 1);
    expect(s.loss.lossTimeUs).toBe(Infinity);
  });
});

describe('after a spurious loss', () => {
  /** Packet 0 was declared lost by count at 40,010 and came at `nowUs`. */
  function reordered(nowUs: number): Situation {
    const s = new Situation(40_000).send(0, 1, 2, 3);
    expect(s.ack(40_010, 1, 2, 3)).toEqual([0]);
    s.ack(nowUs, 0);
    return s;
  }

  test('only time counts, no longer three packets', () => {
    const s = reordered(40_020).send(50_000, 50_001, 50_002, 50_003, 50_004);
    expect(s.ack(90_004, 8)).toEqual([]);
    // The window is a quarter of the lowest round trip now.
    expect(s.loss.lossTimeUs).toBe(50_000 + 40_000 + 10_000);
    expect(s.detect(99_999)).toEqual([]);
    expect(s.detect(100_000)).toEqual([4]);
  });

  test('the window would have waited for the packet that came late', () => {
    // 25,000 late: three steps of 10,000.
    const s = reordered(65_000).send(100_000, 100_001);
    s.ack(140_001, 5);
    expect(s.loss.lossTimeUs).toBe(100_000 + 40_000 + 30_000);
  });

  test('the window is at most a smoothed round trip', () => {
    const s = reordered(900_000).send(1_000_000, 1_000_001);
    s.ack(1_040_001, 5);
    expect(s.loss.lossTimeUs).toBe(1_000_000 + 40_000 + 40_000);
  });

  test('a second spurious loss of the same flight widens no further, one of the next does', () => {
    const s = new Situation(40_000).send(0, 1, 2, 3, 4, 5);
    expect(s.ack(40_010, 4, 5)).toEqual([0, 1, 2]);
    s.ack(40_020, 0, 1);
    s.send(50_000, 50_001);
    expect(s.ack(90_001, 7)).toEqual([3]);
    expect(s.loss.lossTimeUs).toBe(100_000);
    // Declared lost at 100,000 and acknowledged in the same microsecond: a step all the same.
    expect(s.detect(100_000)).toEqual([6]);
    s.ack(100_000, 6);
    s.send(150_000, 150_001);
    s.ack(190_001, 9);
    expect(s.loss.lossTimeUs).toBe(150_000 + 40_000 + 20_000);
  });

  test('a reset brings back three packets and nine eighths', () => {
    const s = reordered(40_020);
    s.loss.reset();
    s.send(50_000, 50_001, 50_002, 50_003, 50_004);
    expect(s.ack(90_004, 8)).toEqual([4, 5]);
    expect(s.loss.lossTimeUs).toBe(50_002 + 45_000);
  });

  test('the window is one step again after sixteen recoveries without another', () => {
    const s = reordered(65_000); // three steps
    let atUs = 1_000_000;
    let next = 4;
    const lossDelay = (): number => {
      s.send(atUs, atUs + 1);
      s.ack(atUs + 40_001, next + 1);
      const delayUs = s.loss.lossTimeUs - atUs;
      // Ends in a loss: the beginning of a recovery, which ends with the next flight's ACK.
      expect(s.detect(s.loss.lossTimeUs)).toEqual([next]);
      next += 2;
      atUs += 1_000_000;
      return delayUs;
    };
    // The first flight ends the recovery of the spurious loss, which counts too.
    const delaysUs = Array.from({ length: 20 }, lossDelay);
    expect(delaysUs).toEqual([
      ...Array.from({ length: 15 }, () => 70_000),
      ...Array.from({ length: 5 }, () => 50_000),
    ]);
  });
});

test('packets forgotten by force are never declared lost', () => {
  const s = new Situation(40_000).send(0, 1, 2, 3);
  s.sent.markLost(FIRST, 5);
  s.sent.forceForgetOldestLost();
  expect(s.ack(40_010, 3)).toEqual([]);
  expect(s.detect(90_000)).toEqual([1, 2]);
});

test('a skipped number is never lost', () => {
  const s = new Situation(40_000);
  s.sent.skip();
  s.send(0, 1, 2, 3, 4);
  expect(s.ack(900_000, 5)).toEqual([1, 2, 3, 4]);
});

/** All of the rule in one line, by looking at every packet. */
function naiveLosses(s: Situation, nowUs: number): number[] {
  const delayUs = Math.max(2_000, Math.ceil(Math.max(s.rtt.smoothedUs, s.rtt.latestUs) * 1.125));
  const lost: number[] = [];
  for (let n = s.sent.oldest; n < s.sent.largestAcked; n++) {
    if (s.sent.state(n) !== PacketState.inFlight) continue;
    const isBehind = s.sent.largestAcked - n >= 3;
    if (isBehind || s.sent.sentAtUs(n) + delayUs <= nowUs) lost.push(n - FIRST);
  }
  return lost;
}

test('until reordering is seen, the search that stops early finds what a full one finds', () => {
  const step = fc.record({
    sendCount: fc.nat(6),
    waitUs: fc.nat(20_000),
    ackPicks: fc.array(fc.nat(), { maxLength: 4 }),
    forgets: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const s = new Situation(20_000);
      let nowUs = 0;
      for (const { sendCount, waitUs, ackPicks, forgets } of steps) {
        s.send(...Array.from({ length: sendCount }, () => nowUs));
        nowUs += waitUs;
        for (const pick of ackPicks) {
          const inFlight: number[] = [];
          for (let n = s.sent.oldest; n < s.sent.nextNumber; n++) {
            if (s.sent.state(n) === PacketState.inFlight) inFlight.push(n);
          }
          if (inFlight.length > 0) s.sent.markAcked(inFlight[pick % inFlight.length]!);
        }
        const expected = naiveLosses(s, nowUs);
        expect(s.detect(nowUs)).toEqual(expected);
        if (forgets) s.sent.forgetResolved(nowUs - 30_000);
      }
    }),
  );
});

test('a window of thousands is looked through once, not at every ACK', () => {
  const s = new Situation(40_000);
  let lookCount = 0;
  // Counted from outside: how often the state of a packet is asked for.
  const state = s.sent.state.bind(s.sent);
  s.sent.state = (n) => {
    lookCount++;
    return state(n);
  };
  s.send(...Array.from({ length: 4000 }, (_, i) => i));
  for (let i = 1; i < 4000; i += 2) {
    s.sent.markAcked(FIRST + i);
    s.detect(40_000 + i);
  }
  expect(lookCount).toBeLessThan(4 * 4000);
});
