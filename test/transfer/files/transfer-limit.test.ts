import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeLimit,
  decodeReport,
  encodeLimit,
  encodeReport,
  REPORT_BYTES,
} from '../../../src/transfer/files/records/limit-message.ts';
import {
  limitCauses,
  limitOf,
  type ReceiverTimes,
  type SenderTimes,
  tailCauses,
} from '../../../src/transfer/files/transfer-limit.ts';
import { contentOf, MemoryInbox, MemorySource } from './memory-disk.ts';
import { TransferRun } from './transfer-run.ts';

const SECOND_US = 1_000_000;

const sender: SenderTimes = {
  ...{ sourceUs: 0, creditUs: 0, networkUs: 0, rateUs: 0, tail: 0 },
  ...{ rateLimitBytesPerSec: 0, windowPackets: 0 },
  ...{ packetsSentCount: 1_000, packetsLostCount: 0 },
  ...{ smoothedRttUs: 50_000, busyUs: 0 },
};
const receiver: ReceiverTimes = {
  ...{ contentUs: 10 * SECOND_US, diskUs: 0, settleUs: 0 },
  ...{ contentBytes: 100_000_000, busyUs: 0 },
};
const HELD_US = 9 * SECOND_US;

describe('the longest cause wins', () => {
  test.each<[string, Partial<SenderTimes>, Partial<ReceiverTimes>, string, number]>([
    ['no bytes to send', { sourceUs: HELD_US }, {}, 'sender-disk', 10_000_000],
    [
      'credit, the disk full of work',
      { creditUs: HELD_US },
      { diskUs: 5e6 },
      'receiver-disk',
      10_000_000,
    ],
    [
      'credit, the disk with room',
      { creditUs: HELD_US },
      { diskUs: 4e6 },
      'receiver-window',
      10_000_000,
    ],
    [
      'all here, and long not durable',
      {},
      { contentUs: SECOND_US, settleUs: 9e6 },
      'receiver-disk',
      10_000_000,
    ],
    ['the path', { networkUs: HELD_US }, {}, 'network-rate', 10_000_000],
    ['the path, losing 2 %', { networkUs: HELD_US, packetsLostCount: 20 }, {}, 'loss', 20],
    [
      'the path, losing less',
      { networkUs: HELD_US, packetsLostCount: 19 },
      {},
      'network-rate',
      10_000_000,
    ],
    ['a fixed window', { networkUs: HELD_US, windowPackets: 4 }, {}, 'window', 4],
    ['a rate limit', { rateUs: HELD_US, rateLimitBytesPerSec: 5 }, {}, 'rate', 5],
    ['nothing but time', {}, {}, 'round-trip', 50_000],
    [
      'the rest, held by the path',
      { tail: tailCauses.indexOf('network') },
      {},
      'network-rate',
      10_000_000,
    ],
    ['the rest, held by the limit', { tail: tailCauses.indexOf('rate') }, {}, 'rate', 0],
    ['a busy sender', { networkUs: HELD_US, busyUs: 9e6 }, {}, 'sender-cpu', 900],
    ['a busy receiver', { creditUs: HELD_US }, { busyUs: 9.5e6 }, 'receiver-cpu', 950],
    [
      'a sender that was done early',
      { busyUs: 9e5, tail: tailCauses.indexOf('rate') },
      {},
      'rate',
      0,
    ],
    ['one less busy', { networkUs: HELD_US, busyUs: 8_994_000 }, {}, 'network-rate', 10_000_000],
  ])('%s', (_what, ofSender, ofReceiver, cause, value) => {
    const limit = limitOf({ ...sender, ...ofSender }, { ...receiver, ...ofReceiver });
    expect(limit).toEqual({ cause, value });
  });
});

const count = fc.nat(2 ** 31);
const anyTimes = fc.record<SenderTimes>({
  sourceUs: count,
  creditUs: count,
  networkUs: count,
  rateUs: count,
  tail: fc.nat(9),
  rateLimitBytesPerSec: count,
  windowPackets: count,
  packetsSentCount: count,
  packetsLostCount: count,
  smoothedRttUs: count,
  busyUs: count,
});

test('REPORT and LIMIT say what was put in, and nothing else decodes', () => {
  fc.assert(
    fc.property(anyTimes, fc.constantFrom(...limitCauses), count, (times, cause, value) => {
      expect(decodeReport(encodeReport(times))).toEqual(times);
      expect(decodeLimit(encodeLimit({ cause, value }))).toEqual({ cause, value });
    }),
  );
  for (let length = 0; length < 2 * REPORT_BYTES; length++) {
    if (length !== REPORT_BYTES) expect(decodeReport(new Uint8Array(length))).toBeUndefined();
    if (length !== 7) expect(decodeLimit(new Uint8Array(length))).toBeUndefined();
  }
  expect(decodeLimit(Uint8Array.of(limitCauses.length, 0, 0, 0, 0, 0, 0))).toBeUndefined();
});

test('whatever a sender reports has one answer', () => {
  fc.assert(
    fc.property(anyTimes, (times) => {
      const { cause, value } = limitOf(times, receiver);
      expect(limitCauses).toContain(cause);
      expect(value).toBeGreaterThanOrEqual(0);
    }),
  );
});

/** The whole way: each segment takes the disk 500 ms, and the sender is held back meanwhile by this. */
async function limitedBy(hold: 'creditUs' | 'sourceUs'): Promise<unknown[]> {
  const source = new MemorySource({ content: contentOf(12_000_000) });
  const inbox = new MemoryInbox();
  const run = new TransferRun({ source, inbox, pair: { stepBytes: 400_000 } });
  const { opener } = run.pair;
  await run.start();
  const ended = run.finish();
  await run.runUntil(() => opener.acknowledgedBytes > 0);
  inbox.gate.isOpen = false;
  while (!run.receiver.isOver) {
    run.passMs(500);
    opener.held = { ...opener.held, [hold]: opener.held[hold] + 500_000 };
    inbox.gate.release();
    await run.step();
  }
  const { sent, received } = await ended;
  return [sent, received].map((end) => ('code' in end ? end : end.limit?.cause));
}

test('a disk that takes its time is the limit, and both sides say so', async () => {
  expect(await limitedBy('creditUs')).toEqual(['receiver-disk', 'receiver-disk']);
});

test('a source that takes its time is, and both sides say so', async () => {
  expect(await limitedBy('sourceUs')).toEqual(['sender-disk', 'sender-disk']);
});
