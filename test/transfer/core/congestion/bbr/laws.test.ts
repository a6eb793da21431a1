import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BandwidthFilter } from '../../../../../src/transfer/core/congestion/bbr/bandwidth-filter.ts';
import { Bbr } from '../../../../../src/transfer/core/congestion/bbr/bbr.ts';
import { Rounds } from '../../../../../src/transfer/core/congestion/bbr/rounds.ts';
import { ackEvent, DATAGRAM_BYTES, options } from '../steady-path.ts';

test('a round is counted once: it ends with the first packet sent after it had begun', () => {
  const ack = fc.record({ bytes: fc.integer({ min: 1, max: 5 }), age: fc.nat(12) });
  fc.assert(
    fc.property(fc.array(ack, { maxLength: 100 }), (acks) => {
      const rounds = new Rounds();
      let [delivered, beganAt, count] = [0, 0, 0];
      for (const { bytes, age } of acks) {
        delivered += bytes;
        const prior = Math.max(0, delivered - bytes - age);
        rounds.onAcked(bytes);
        rounds.onSample(prior);
        const isNew = prior >= beganAt;
        if (isNew) [beganAt, count] = [delivered, count + 1];
        expect([rounds.count, rounds.isStart]).toEqual([count, isNew]);
      }
    }),
  );
});

test('the highest bandwidth is that of the present and the last cycle, and is never lost', () => {
  const step = fc.option(fc.integer({ min: 1, max: 1_000 }), { nil: undefined });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const filter = new BandwidthFilter();
      let cycles: number[][] = [[]];
      for (const sample of steps) {
        if (sample !== undefined) {
          filter.onSample(sample);
          cycles.at(-1)!.push(sample);
        } else {
          filter.advance();
          if (cycles.at(-1)!.length > 0) cycles = [cycles.at(-1)!, []];
        }
        expect(filter.max).toBe(Math.max(0, ...cycles.slice(-2).flat()));
      }
    }),
  );
});

const RTT_US = 40_000;
/** ProbeBW paces at 0.9 × the rate while it empties the queue, less 1 %. */
const LEAST_GAIN = 0.89;

/** ACKs of full windows, one round trip after another, from a path of a fixed rate. */
class Rounded {
  readonly bbr = new Bbr(options);
  nowUs = 1_000_000;
  #delivered = 0;

  round(bytesPerSec: number, isAppLimited: boolean, rttUs: number): void {
    const inFlight = Math.floor(Math.min(this.bbr.windowBytes, (bytesPerSec * rttUs) / 1e6));
    const bytes = Math.max(DATAGRAM_BYTES, inFlight);
    const sizeBytes = DATAGRAM_BYTES;
    this.bbr.onSent({ nowUs: this.nowUs, sizeBytes, bytesInFlight: bytes });
    const priorDeliveredBytes = this.#delivered;
    this.nowUs += rttUs;
    this.#delivered += bytes;
    const rate = {
      deliveryRateBytesPerSec: bytesPerSec,
      deliveredBytes: bytes,
      priorDeliveredBytes,
      intervalUs: rttUs,
      newlyAckedBytes: bytes,
      newlyLostBytes: 0,
      lostBytes: 0,
      isAppLimited,
      txInFlightBytes: bytes,
      rttUs,
    };
    this.bbr.onAcked(
      ackEvent({
        nowUs: this.nowUs,
        newlyAckedBytes: bytes,
        bytesInFlight: 0,
        priorBytesInFlight: bytes,
        isWindowLimited: !isAppLimited,
        newestSentAtUs: this.nowUs - rttUs,
        smoothedRttUs: rttUs,
        minRttUs: RTT_US,
        latestRttUs: rttUs,
        rate,
        isAppLimited,
      }),
    );
  }
}

test('a sender that pauses lowers no rate by samples below what the path has shown, for minutes', () => {
  const rates = fc.array(fc.integer({ min: 1_000, max: 700_000 }), {
    minLength: 1_000,
    maxLength: 1_000,
  });
  fc.assert(
    fc.property(rates, (limited) => {
      const path = new Rounded();
      for (let count = 0; count < 20; count++) path.round(1_000_000, false, RTT_US);
      for (const [round, rate] of limited.entries()) {
        // A queue now and then ends the probe for more.
        path.round(rate, true, round % 25 === 0 ? 2 * RTT_US : RTT_US);
        expect(path.bbr.pacingBytesPerSec).toBeGreaterThan(LEAST_GAIN * 1_000_000);
      }
    }),
    { numRuns: 10 },
  );
});

test('ProbeRTT ends within 200 ms, a round and one ACK more after the flight is small', () => {
  const rtts = fc.array(fc.integer({ min: RTT_US + 2_000, max: 3 * RTT_US }), {
    minLength: 400,
    maxLength: 400,
  });
  fc.assert(
    fc.property(rtts, (rttsUs) => {
      const path = new Rounded();
      path.round(1_000_000, false, RTT_US);
      let [beganAtUs, count] = [Infinity, 0];
      for (const rttUs of rttsUs) {
        path.round(1_000_000, false, rttUs);
        if (path.bbr.state !== 'probeRtt') beganAtUs = Infinity;
        else if (beganAtUs === Infinity) [beganAtUs, count] = [path.nowUs, count + 1];
        // What is in flight is all acknowledged at once here: it is small from the next ACK on.
        else expect(path.nowUs - beganAtUs).toBeLessThanOrEqual(200_000 + 3 * 3 * RTT_US);
      }
      expect(count).toBeGreaterThan(0);
    }),
    { numRuns: 30 },
  );
});
