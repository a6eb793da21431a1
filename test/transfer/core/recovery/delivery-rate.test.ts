import { describe, expect, test } from 'vitest';
import {
  DeliveryRate,
  type RateSample,
} from '../../../../src/transfer/core/recovery/delivery-rate.ts';
import { PacketKind, SentPackets } from '../../../../src/transfer/core/recovery/sent-packets.ts';

const PACKET_BYTES = 1000;

/** Connections on one path; all packets are of 1,000 bytes. */
class Situation {
  readonly rate: DeliveryRate = new DeliveryRate();
  readonly rings: readonly SentPackets[] = [new SentPackets(7, 1024), new SentPackets(90, 1024)];
  bytesInFlight = 0;

  send(nowUs: number, ring = 0): number {
    const sent = this.rings[ring]!;
    const n = sent.add(nowUs, PACKET_BYTES, PacketKind.data, 0, 900, false);
    this.rate.onSent(sent, n, this.bytesInFlight, nowUs);
    this.bytesInFlight += PACKET_BYTES;
    return n;
  }

  ack(nowUs: number, n: number, ring = 0): void {
    const sent = this.rings[ring]!;
    sent.markAcked(n);
    this.rate.onAcked(sent, n, nowUs);
    this.bytesInFlight -= PACKET_BYTES;
  }
}

test('the interval of a first flight runs from its first sending to its last ACK', () => {
  const s = new Situation();
  const numbers = Array.from({ length: 40 }, (_, i) => s.send(i * 1000));
  let sample: RateSample | undefined;
  numbers.forEach((n, i) => {
    s.ack(40_000 + i * 1000, n);
    sample = s.rate.takeSample(40_000, 40_000 + i * 1000);
  });
  // The newest packet was sent 39 ms after the first, and the 40 packets came over 79 ms.
  expect(sample).toMatchObject({ deliveredBytes: 40_000, intervalUs: 79_000 });
});

test('in a steady state the rate is that of the path, whichever packet the sample is from', () => {
  const s = new Situation();
  const inFlight: number[] = [];
  for (let ms = 0; ms < 200; ms++) {
    const nowUs = ms * 1000;
    if (ms >= 40) {
      s.ack(nowUs, inFlight.shift()!);
      const sample = s.rate.takeSample(40_000, nowUs);
      if (ms >= 80) {
        expect(sample).toMatchObject({
          deliveryRateBytesPerSec: 1_000_000,
          deliveredBytes: 40_000,
          intervalUs: 40_000,
          newlyAckedBytes: 1000,
          rttUs: 40_000,
          txInFlightBytes: 40_000,
        });
      }
    }
    inFlight.push(s.send(nowUs));
  }
});

test('ACKs that come bunched do not inflate the rate', () => {
  const s = new Situation();
  const numbers = Array.from({ length: 40 }, (_, i) => s.send(i * 1000));
  for (const n of numbers) s.ack(79_000, n);
  const sample = s.rate.takeSample(40_000, 79_000)!;
  expect(sample.deliveryRateBytesPerSec).toBeCloseTo((40_000 * 1e6) / 79_000);
  expect(sample.newlyAckedBytes).toBe(40_000);
});

test('ACKs held up and then let go do not inflate the rate of the packets behind them', () => {
  const s = new Situation();
  const held = Array.from({ length: 10 }, (_, i) => s.send(i * 1000));
  const behind = Array.from({ length: 10 }, (_, i) => s.send(10_000 + i * 1000));
  for (const n of held) s.ack(40_000, n);
  s.rate.takeSample(20_000, 40_000);
  behind.push(s.send(40_001));
  for (const n of behind) s.ack(60_001, n);
  const sample = s.rate.takeSample(20_000, 60_001)!;
  // Acknowledged within 20,001 µs, but sent in the 31,001 since the newest of those held up.
  expect(sample).toMatchObject({ deliveredBytes: 11_000, intervalUs: 31_001 });
});

test('a burst does not inflate the rate beyond what its ACKs show', () => {
  const s = new Situation();
  const numbers = Array.from({ length: 10 }, () => s.send(0));
  numbers.forEach((n, i) => {
    s.ack(20_000 + i * 2000, n);
  });
  const sample = s.rate.takeSample(20_000, 38_000)!;
  expect(sample.intervalUs).toBe(38_000);
  expect(sample.deliveryRateBytesPerSec).toBeCloseTo((10_000 * 1e6) / 38_000);
});

test('the sample is from the newest packet, in whichever order a range is visited', () => {
  for (const isReversed of [false, true]) {
    const s = new Situation();
    const numbers = Array.from({ length: 5 }, () => s.send(0));
    for (const n of isReversed ? numbers.toReversed() : numbers) s.ack(10_000, n);
    expect(s.rate.takeSample(1_000, 10_000)!.txInFlightBytes).toBe(5_000);
  }
});

test('two connections on one path add up to one rate', () => {
  const s = new Situation();
  const inFlight: { n: number; ring: number }[] = [];
  let sample: RateSample | undefined;
  for (let ms = 0; ms < 120; ms++) {
    if (ms >= 40) {
      const { n, ring } = inFlight.shift()!;
      s.ack(ms * 1000, n, ring);
      sample = s.rate.takeSample(40_000, ms * 1000);
    }
    const ring = ms % 2;
    inFlight.push({ n: s.send(ms * 1000, ring), ring });
  }
  expect(sample).toMatchObject({ deliveryRateBytesPerSec: 1_000_000, txInFlightBytes: 40_000 });
  expect(s.rate.deliveredBytes).toBe(80_000);
});

test('silence is not slowness', () => {
  const s = new Situation();
  s.ack(10_000, s.send(0));
  s.rate.takeSample(10_000, 10_000);
  const n = s.send(60_000_000);
  s.ack(60_010_000, n);
  expect(s.rate.takeSample(10_000, 60_010_000)!.deliveryRateBytesPerSec).toBe(100_000);
});

describe('there is no sample', () => {
  test('when nothing was acknowledged since the last', () => {
    const s = new Situation();
    expect(s.rate.takeSample(1, 0)).toBeUndefined();
    s.ack(10_000, s.send(0));
    expect(s.rate.takeSample(1, 10_000)).toBeDefined();
    expect(s.rate.takeSample(1, 10_000)).toBeUndefined();
  });

  test('when the interval is shorter than the lowest round trip; its bytes count in the next', () => {
    const s = new Situation();
    const first = s.send(0);
    const second = s.send(100);
    s.ack(9_999, first);
    expect(s.rate.takeSample(10_000, 9_999)).toBeUndefined();
    s.ack(10_000, second);
    expect(s.rate.takeSample(10_000, 10_000)!.newlyAckedBytes).toBe(2_000);
  });

  test('when no time has passed', () => {
    const s = new Situation();
    s.ack(0, s.send(0));
    expect(s.rate.takeSample(0, 0)).toBeUndefined();
  });
});

describe('app-limited', () => {
  test('is every packet in flight or sent after, until all of them are delivered', () => {
    const s = new Situation();
    const before = s.send(0);
    s.rate.markAppLimited(s.bytesInFlight);
    const during = s.send(1_000);
    s.ack(10_000, before);
    expect(s.rate.takeSample(1, 10_000)!.isAppLimited).toBe(false);
    expect(s.rate.isAppLimited).toBe(true);
    s.ack(11_000, during);
    expect(s.rate.takeSample(1, 11_000)!.isAppLimited).toBe(true);
    expect(s.rate.isAppLimited).toBe(false);
    s.ack(30_000, s.send(20_000));
    expect(s.rate.takeSample(1, 30_000)!.isAppLimited).toBe(false);
  });

  test('holds with nothing in flight and nothing delivered', () => {
    const s = new Situation();
    s.rate.markAppLimited(0);
    s.ack(10_000, s.send(0));
    expect(s.rate.takeSample(1, 10_000)!.isAppLimited).toBe(true);
  });
});

test('losses are told since the last sample and since the newest packet was sent', () => {
  const s = new Situation();
  s.send(0);
  s.send(0);
  s.ack(10_000, s.send(0));
  s.rate.lostBytes += PACKET_BYTES;
  expect(s.rate.takeSample(1, 10_000)).toMatchObject({ newlyLostBytes: 1000, lostBytes: 1000 });
  const after = s.send(11_000);
  s.rate.lostBytes += PACKET_BYTES;
  s.ack(21_000, after);
  expect(s.rate.takeSample(1, 21_000)).toMatchObject({ newlyLostBytes: 1000, lostBytes: 1000 });
  const last = s.send(22_000);
  s.ack(32_000, last);
  expect(s.rate.takeSample(1, 32_000)).toMatchObject({ newlyLostBytes: 0, lostBytes: 0 });
});

test('a packet acknowledged after it was declared lost counts as delivered', () => {
  const s = new Situation();
  const n = s.send(0);
  s.rings[0]!.markLost(n, 5_000);
  s.rate.lostBytes += PACKET_BYTES;
  s.ack(10_000, n);
  expect(s.rate.deliveredBytes).toBe(1000);
  expect(s.rate.takeSample(1, 10_000)!.newlyAckedBytes).toBe(1000);
});
