import { expect, test } from 'vitest';
import { NumberSkips } from '../../../../../src/transfer/core/connection/sending/number-skips.ts';
import { PacketKind, SentPackets } from '../../../../../src/transfer/core/recovery/sent-packets.ts';

const CAPACITY = 8;

test('the last number of a ring is left to the packet that is to be sent', () => {
  const sent = new SentPackets(0, CAPACITY);
  // The lowest draw skips every second number, so the last one too.
  const skips = new NumberSkips(sent, () => 0);
  let packetCount = 0;
  for (; !sent.isFull; packetCount++) {
    skips.beforeSend();
    sent.add(0, 100, PacketKind.ping, 0, 0, false);
  }
  expect(sent.nextNumber).toBe(CAPACITY);
  expect(packetCount).toBe(CAPACITY / 2 + 1);
});
