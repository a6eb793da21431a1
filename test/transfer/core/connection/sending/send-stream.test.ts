import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  SendStream,
  type StreamSlice,
} from '../../../../../src/transfer/core/connection/sending/send-stream.ts';

function content(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
}

type Step =
  | { readonly type: 'write'; readonly bytes: number }
  | { readonly type: 'send'; readonly room: number }
  | { readonly type: 'ack' | 'lose' | 'lateAck'; readonly pick: number }
  | { readonly type: 'credit'; readonly bytes: number }
  | { readonly type: 'probe' };

const steps = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('write' as const), bytes: fc.integer({ min: 0, max: 5_000 }) }),
    fc.record({ type: fc.constant('send' as const), room: fc.integer({ min: 1, max: 1_500 }) }),
    fc.record({
      type: fc.constantFrom('ack' as const, 'lose' as const, 'lateAck' as const),
      pick: fc.nat(),
    }),
    fc.record({ type: fc.constant('credit' as const), bytes: fc.integer({ min: 0, max: 9_000 }) }),
    fc.record({ type: fc.constant('probe' as const) }),
  ),
  { maxLength: 120 },
);

/** A packet as it left: bytes are copied from the stream when they are sent. */
interface Packet extends StreamSlice {
  readonly bytes: Uint8Array;
}

/** A network that keeps what was sent until it is acknowledged or lost. */
class Model {
  readonly stream = new SendStream(2_000);
  readonly source = content(400_000);
  readonly inFlight: Packet[] = [];
  readonly lost: Packet[] = [];
  /** What the receiver has, by offset. */
  readonly received = new Uint8Array(400_000);
  readonly has = new Uint8Array(400_000);
  written = 0;
  credit = 2_000;
  hasFin = false;

  run(step: Step): void {
    const { stream } = this;
    switch (step.type) {
      case 'write':
        stream.write(this.source.subarray(this.written, this.written + step.bytes));
        this.written += step.bytes;
        break;
      case 'send':
        this.send(step.room);
        break;
      case 'probe': {
        const slice = { offset: 0, length: 0, isFin: false };
        if (stream.repeatOldest(1_000, slice)) this.launch(slice);
        break;
      }
      case 'ack':
        this.ack(this.inFlight, step.pick);
        break;
      case 'lateAck':
        this.ack(this.lost, step.pick);
        break;
      case 'lose': {
        if (this.inFlight.length === 0) return;
        const [slice] = this.inFlight.splice(step.pick % this.inFlight.length, 1);
        this.lost.push(slice!);
        stream.onLost(slice!.offset, slice!.length, slice!.isFin);
        break;
      }
      case 'credit':
        this.credit += step.bytes;
        stream.raiseCredit(this.credit);
        break;
    }
    this.check();
  }

  send(room: number): boolean {
    const slice = { offset: 0, length: 0, isFin: false };
    if (!this.stream.takeSlice(room, slice)) return false;
    expect(slice.length).toBeLessThanOrEqual(room);
    expect(slice.offset + slice.length).toBeLessThanOrEqual(this.credit);
    this.launch(slice);
    return true;
  }

  launch(slice: StreamSlice): void {
    const bytes = new Uint8Array(slice.length);
    if (slice.length > 0) this.stream.copyInto(bytes, 0, slice.offset, slice.length);
    this.inFlight.push({ ...slice, bytes });
  }

  ack(from: Packet[], pick: number): void {
    if (from.length === 0) return;
    const [slice] = from.splice(pick % from.length, 1);
    const { offset, length, isFin, bytes } = slice!;
    this.received.set(bytes, offset);
    this.has.fill(1, offset, offset + length);
    this.hasFin ||= isFin;
    this.stream.onAcked(offset, length, isFin);
  }

  /** Every byte below sentEnd is acknowledged, in flight, or will be sent again. */
  check(): void {
    const { stream } = this;
    let edge = 0;
    while (this.has[edge] === 1) edge++;
    expect(stream.acknowledged).toBe(edge);
    if (stream.hasSlice) return;
    // Nothing is queued: all that was sent must be in flight or acknowledged.
    const covered = this.has.slice(0, stream.sentEnd);
    for (const { offset, length } of this.inFlight) covered.fill(1, offset, offset + length);
    expect(covered.indexOf(0)).toBe(-1);
  }

  /** Acknowledges and sends until nothing is left. */
  finish(): void {
    this.stream.finish();
    this.credit = this.written;
    this.stream.raiseCredit(this.credit);
    for (let turn = 0; turn < 2_000 && !this.stream.isAcknowledged; turn++) {
      while (this.send(1_200));
      while (this.inFlight.length > 0) this.ack(this.inFlight, 0);
    }
  }
}

test('no byte is forgotten, whatever is lost, acknowledged late or probed, and each arrives right', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const model = new Model();
      for (const step of list) model.run(step);
      model.finish();
      expect(model.stream.isAcknowledged).toBe(true);
      expect(model.hasFin).toBe(true);
      expect(model.received.subarray(0, model.written)).toEqual(
        model.source.subarray(0, model.written),
      );
    }),
    { numRuns: 60 },
  );
});

test('what is lost is cut anew to the room of the next packet', () => {
  const stream = new SendStream(10_000);
  const slice = { offset: 0, length: 0, isFin: false };
  stream.write(content(3_000));
  stream.takeSlice(1_400, slice);
  stream.onLost(0, 1_400, false);
  stream.takeSlice(1_000, slice);
  expect(slice).toEqual({ offset: 0, length: 1_000, isFin: false });
  stream.takeSlice(1_000, slice);
  expect(slice).toEqual({ offset: 1_000, length: 400, isFin: false });
  expect(stream.retransmittedBytes).toBe(1_400);
});

test('FIN needs no credit, and goes again when its packet is lost', () => {
  const stream = new SendStream(5);
  const slice = { offset: 0, length: 0, isFin: false };
  stream.write(content(5));
  stream.takeSlice(1_000, slice);
  stream.finish();
  expect(stream.takeSlice(1_000, slice)).toBe(true);
  expect(slice).toEqual({ offset: 5, length: 0, isFin: true });
  stream.onLost(5, 0, true);
  expect(stream.takeSlice(1_000, slice)).toBe(true);
  expect(slice.isFin).toBe(true);
  stream.onAcked(5, 0, true);
  expect(stream.isAcknowledged).toBe(false);
  stream.onAcked(0, 5, false);
  expect(stream.isAcknowledged).toBe(true);
});
