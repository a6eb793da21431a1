import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FINE_TICK_US, Pacer } from '../../../../src/transfer/core/congestion/pacer.ts';

const DATAGRAM_BYTES = 1_400;
const mbit = (rate: number): number => (rate * 1e6) / 8;

interface Sent {
  readonly atUs: number;
  readonly bytes: number;
}

/** Asks at each instant and sends as much as may leave. */
function pace(pacer: Pacer, bytesPerSec: number, instantsUs: readonly number[]): Sent[] {
  const sent: Sent[] = [];
  for (const atUs of instantsUs) {
    while (pacer.maySend(bytesPerSec, atUs)) {
      pacer.onSent(DATAGRAM_BYTES);
      sent.push({ atUs, bytes: DATAGRAM_BYTES });
    }
  }
  return sent;
}

function instantsOf(gapsUs: readonly number[]): number[] {
  let atUs = 0;
  return gapsUs.map((gapUs) => (atUs += gapUs));
}

const rates = fc.constantFrom(mbit(10), mbit(100), mbit(1_000));

test('in any interval at most 1.25 × the rate and two quanta leave, however late the ticks', () => {
  const gaps = fc.array(
    fc.oneof(
      fc.integer({ min: 1, max: 1_500 }),
      fc.integer({ min: 1_500, max: 12_000 }),
      fc.integer({ min: 12_000, max: 300_000 }),
    ),
    { minLength: 2, maxLength: 60 },
  );
  fc.assert(
    fc.property(rates, gaps, (bytesPerSec, gapsUs) => {
      const pacer = new Pacer(DATAGRAM_BYTES);
      const sent = pace(pacer, bytesPerSec, instantsOf(gapsUs));
      const most = 2 * pacer.quantumBytes;
      const totals = new Map<number, number>();
      for (const { atUs, bytes } of sent) totals.set(atUs, (totals.get(atUs) ?? 0) + bytes);
      const bursts = [...totals];
      for (let from = 0; from < bursts.length; from++) {
        let bytes = 0;
        for (let to = from; to < bursts.length; to++) {
          bytes += bursts[to]![1];
          const intervalUs = bursts[to]![0] - bursts[from]![0];
          expect(bytes).toBeLessThanOrEqual((1.25 * bytesPerSec * intervalUs) / 1e6 + most + 1e-6);
        }
      }
    }),
  );
});

test('the rate is kept when ticks come up to 10 ms late now and then', () => {
  const tick = fc.integer({ min: 100, max: 500 });
  fc.assert(
    fc.property(rates, fc.array(tick, { minLength: 1_000, maxLength: 1_000 }), (rate, ticks) => {
      // One tick in 250 is 8 ms late: a quarter more than the rate repays it in 32 ms.
      const gapsUs = ticks.map((gapUs, index) => (index % 250 === 100 ? 8_000 : gapUs));
      const all = instantsOf(gapsUs);
      const bytes = pace(new Pacer(DATAGRAM_BYTES), rate, all).length * DATAGRAM_BYTES;
      const wanted = (rate * (all.at(-1)! - all[0]!)) / 1e6;
      expect(bytes).toBeGreaterThanOrEqual(wanted - 2 * DATAGRAM_BYTES);
    }),
    { numRuns: 40 },
  );
});

test('a tick that comes 1.8 ms apart keeps the rate when quanta are made for ticks of 2 ms', () => {
  const instants = instantsOf(new Array<number>(1_000).fill(1_800));
  const rateOf = (tickUs: number): number => {
    const bytes =
      pace(new Pacer(DATAGRAM_BYTES, { tickUs, sleepsBelowBytesPerSec: 0 }), mbit(40), instants)
        .length * DATAGRAM_BYTES;
    return bytes / ((mbit(40) * instants.at(-1)!) / 1e6);
  };
  expect(rateOf(2_000)).toBeGreaterThan(0.99);
  expect(rateOf(FINE_TICK_US)).toBeLessThan(0.7);
});

test('silence earns one quantum, not more', () => {
  const pacer = new Pacer(DATAGRAM_BYTES);
  expect(pacer.maySend(mbit(100), 0)).toBe(true);
  pacer.onSent(DATAGRAM_BYTES);
  pacer.rest();
  const afterSilence = pace(pacer, mbit(100), [10_000_000]);
  const bytes = afterSilence.length * DATAGRAM_BYTES;
  expect(bytes).toBeLessThanOrEqual(pacer.quantumBytes);
  expect(bytes).toBeGreaterThan(pacer.quantumBytes - DATAGRAM_BYTES);
});

test('a clock that goes on within a late burst takes nothing of what is repaid', () => {
  const pacer = new Pacer(DATAGRAM_BYTES);
  const rate = mbit(500);
  let [nowUs, sentBytes] = [0, 0];
  for (let tick = 1; tick <= 1_000; tick++) {
    // One tick in 80 is 4 ms late. The clock is read again after 16 packets, as drivers do.
    nowUs = Math.max(nowUs, tick * 500 + (tick % 80 === 40 ? 4_000 : 0));
    for (let count = 1; pacer.maySend(rate, nowUs); count++) {
      pacer.onSent(DATAGRAM_BYTES);
      sentBytes += DATAGRAM_BYTES;
      if (count % 16 === 0) nowUs += 20;
    }
  }
  expect(sentBytes).toBeGreaterThan((0.97 * rate * nowUs) / 1e6);
});

test('a driver that is late by more than is repaid is behind, until it is on time again', () => {
  const pacer = new Pacer(DATAGRAM_BYTES);
  const isBehindAt = (nowUs: number): boolean => {
    pace(pacer, mbit(100), [nowUs]);
    return pacer.isBehind;
  };
  expect([0, 500, 9_000, 50_000].map(isBehindAt)).toEqual([false, false, false, true]);
  // What is repaid has been, after some ticks.
  const ticksUs = instantsOf(new Array<number>(200).fill(500)).map((atUs) => 50_000 + atUs);
  expect(ticksUs.map(isBehindAt).at(-1)).toBe(false);
  pacer.rest();
  expect(isBehindAt(10_000_000)).toBe(false);
});

test('when it says that a packet may leave, one may', () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 50 }), (rate, count) => {
      const pacer = new Pacer(DATAGRAM_BYTES);
      let nowUs = 0;
      for (let turn = 0; turn < count; turn++) {
        while (pacer.maySend(rate, nowUs)) pacer.onSent(DATAGRAM_BYTES);
        expect(pacer.nextSendAtUs).toBeGreaterThan(nowUs);
        nowUs = pacer.nextSendAtUs;
        expect(pacer.maySend(rate, nowUs)).toBe(true);
      }
    }),
  );
});

test('an infinite rate holds nothing back', () => {
  const pacer = new Pacer(DATAGRAM_BYTES);
  for (let index = 0; index < 1_000; index++) {
    expect(pacer.maySend(Infinity, 5)).toBe(true);
    pacer.onSent(DATAGRAM_BYTES);
  }
});
