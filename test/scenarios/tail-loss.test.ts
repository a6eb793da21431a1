import { expect, test } from 'vitest';
import { Pair } from '../sim/pair.ts';
import { delay, lose } from '../sim/wire-elements.ts';

const DATA = 3;
const DELAY_US = 20_000;
const FIXED_WINDOW = { controller: 'fixed', windowPackets: 512 } as const;

interface Outcome {
  /** From the opening at the sender to the last byte read at the receiver. */
  readonly tookUs: number;
  readonly lostCount: number;
}

/** One stream of which the DATA packets with these places (1 is the first) are lost. */
function transfer(bytes: number, lostPlaces: readonly number[], windowPackets = 512): Outcome {
  let place = 0;
  let lostCount = 0;
  const loseSome = lose((datagram) => {
    if ((datagram[4]! & 0x3f) !== DATA) return false;
    place++;
    if (!lostPlaces.includes(place)) return false;
    lostCount++;
    return true;
  });
  const pair = new Pair({
    seed: 1,
    forward: [delay(DELAY_US), loseSome],
    backward: [delay(DELAY_US)],
    config: { ...FIXED_WINDOW, windowPackets },
  });
  const run = pair.transfer({ bytes });
  return { tookUs: run.responder.readFinishedAtUs - run.opener.openedAtUs, lostCount };
}

// 50,000 bytes are 43 packets of 1,180 bytes at most.
const PACKETS = 43;

test('the loss of any packet of a short turn costs no round trip', () => {
  const whole = transfer(50_000, []).tookUs;
  for (const place of [1, 20, PACKETS - 1, PACKETS]) {
    const { tookUs, lostCount } = transfer(50_000, [place]);
    expect(lostCount).toBe(1);
    expect(tookUs - whole).toBeLessThan(2 * DELAY_US);
  }
});

test('the loss of the last three packets and of their copies is noticed by the copies behind', () => {
  const whole = transfer(50_000, []).tookUs;
  const { tookUs, lostCount } = transfer(50_000, [
    ...[PACKETS - 2, PACKETS - 1, PACKETS],
    ...[PACKETS + 1, PACKETS + 2, PACKETS + 3],
  ]);
  expect(lostCount).toBe(6);
  expect(tookUs - whole).toBe(2 * DELAY_US);
});

test('a window under four packets repeats nothing', () => {
  const bytes = 5_000;
  const { tookUs } = transfer(bytes, []);
  // The fifth and last packet is lost; with a window of two its copy would be the sixth.
  const lost = transfer(bytes, [5], 2);
  const untouched = transfer(bytes, [], 2);
  expect(lost.tookUs - untouched.tookUs).toBeGreaterThan(2 * DELAY_US);
  expect(tookUs).toBeLessThan(untouched.tookUs);
});

test('the tail of a long turn is three packets or 0.5 % of the stream', () => {
  const bytes = 2_000_000;
  const pair = new Pair({
    seed: 1,
    forward: [delay(DELAY_US)],
    backward: [delay(DELAY_US)],
    config: FIXED_WINDOW,
  });
  const run = pair.transfer({ bytes });
  const payloadBytes = 1_180;
  const repeated = pair.forward.counters.sentBytes - bytes;
  const packets = Math.ceil(bytes / payloadBytes) + Math.ceil((0.005 * bytes) / payloadBytes);
  // Headers of all packets, the copies' bytes, OPEN, PING and MARKs beside.
  expect(repeated).toBeLessThan(packets * 20 + 0.005 * bytes + payloadBytes + 5_000);
  expect(repeated).toBeGreaterThan(packets * 20 + 0.004 * bytes);
  expect(run.opener.isReadFinished).toBe(true);
});
