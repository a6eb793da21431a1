import { expect, test } from 'vitest';
import {
  beginDrain,
  buildClose,
  Closing,
} from '../../../../src/transfer/core/connection/closing.ts';
import { PacketWriter } from '../../../../src/transfer/core/connection/packet-writer.ts';
import { decodeClose, decodeHeader } from '../../../../src/transfer/core/wire/codec.ts';
import { crcCheck } from '../../../../src/transfer/core/wire/packet-check.ts';
import { plainCloseSeal } from '../../../../src/transfer/core/wire/packet-session.ts';
import { PacketType } from '../../../../src/transfer/core/wire/packet.ts';

const PTO_US = 400_000;

function close(probeTimeoutUs: number, reason = 'done'): Closing {
  const datagram = buildClose(new PacketWriter(7, crcCheck), plainCloseSeal, 1, reason);
  return new Closing(datagram, probeTimeoutUs, 0);
}

function poll(closing: Closing, nowUs = 0): Uint8Array {
  const buffer = new Uint8Array(1200);
  return buffer.slice(0, closing.poll(buffer, nowUs));
}

test('CLOSE leaves at once and three more times, a probe timeout apart, the same to the byte', () => {
  const closing = close(PTO_US);
  const first = poll(closing);
  const sentAtUs: number[] = [];
  let isOver = false;
  while (!isOver) {
    const nowUs = closing.nextTimeoutUs;
    isOver = closing.handleTimeout(nowUs);
    if (!closing.isDue) continue;
    sentAtUs.push(nowUs);
    expect(poll(closing)).toEqual(first);
  }
  expect(sentAtUs).toEqual([PTO_US, 2 * PTO_US, 3 * PTO_US]);
  const header = decodeHeader(first)!;
  expect([header.type, header.connectionId]).toEqual([PacketType.close, 7]);
  expect(decodeClose(first, 10)).toMatchObject({ code: 1, reason: 'done' });
});

test('a packet of the peer is answered with the same bytes while the linger lasts', () => {
  const closing = close(10_000);
  const first = poll(closing);
  closing.onPacket();
  expect(closing.isDue).toBe(true);
  expect(poll(closing)).toEqual(first);
  expect(closing.isDue).toBe(false);
});

test('the linger lasts a second, or three probe timeouts where that is longer', () => {
  const short = close(10_000);
  poll(short);
  expect(short.handleTimeout(999_999)).toBe(false);
  expect(short.handleTimeout(1_000_000)).toBe(true);
  const long = close(PTO_US);
  poll(long);
  expect(long.handleTimeout(3 * PTO_US - 1)).toBe(false);
  expect(long.handleTimeout(3 * PTO_US)).toBe(true);
});

test('what cannot leave is given up a linger after its first turn', () => {
  const closing = close(10_000);
  expect(closing.nextTimeoutUs).toBe(0);
  expect(closing.handleTimeout(70)).toBe(false);
  expect(closing.handleTimeout(1_000_069)).toBe(false);
  expect(closing.handleTimeout(1_000_070)).toBe(true);
});

test('a reason of more than 256 bytes is cut, and the packet is whole', () => {
  const datagram = poll(close(PTO_US, 'ü'.repeat(300)));
  expect(crcCheck.verify(datagram, 0)).toBe('ok');
  const { reason } = decodeClose(datagram, 10)!;
  expect(new TextEncoder().encode(reason).length).toBeLessThanOrEqual(256);
  expect(reason).toBe('ü'.repeat(128));
});

test('CLOSE(ok) waits for acknowledgements 5 s, or 10 probe timeouts where that is longer', () => {
  const stream = { acknowledged: 0 };
  expect(beginDrain('', { probeTimeoutUs: 100_000, stream }, 7).endUs).toBe(5_000_007);
  expect(beginDrain('', { probeTimeoutUs: 1_000_000, stream }, 7).endUs).toBe(10_000_007);
});
