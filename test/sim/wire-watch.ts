import assert from 'node:assert/strict';
import { COMMON_HEADER_BYTES, crcCheck } from '../../src/transfer/core/index.ts';
import type { ElementSpec } from './link.ts';

/** Types and offsets as src/transfer/README.md has them. */
const DATA = 3;
const ACK = 4;
const NUMBERED = new Set([DATA, 6, 7, 8, 9]);
const TYPE_AT = 4;
const TYPE_MASK = 0x3f;
const DATA_OFFSET_AT = 4;
const DATA_PAYLOAD_AT = 10;
const ACK_LARGEST_AT = 4;
const ACK_CREDIT_AT = 16;
const ACK_RANGES_AT = 30;
const RANGE_GOES_ON = 65_535;
/** What a peer may send before it hears of more. */
const INITIAL_CREDIT_BYTES = 65_536;
const NUMBERS = 2 ** 32;

/** What one side has sent, and what of the other's has come to it. */
class Side {
  lastNumber: number | undefined;
  lastAckSeq: number | undefined;
  toldCredit = INITIAL_CREDIT_BYTES;
  /** Credit that comes or has come to it, and when. */
  readonly credits: [atUs: number, creditBytes: number][] = [[0, INITIAL_CREDIT_BYTES]];
  /** Numbers that come or have come to it, and when first. */
  readonly receivedAtUs: Map<number, number> = new Map();
}

/**
 * Looks at every packet of one connection as it leaves and as it arrives, and fails the run when one
 * breaks a rule of the wire that does not depend on what anybody keeps inside:
 *
 * - packet numbers only grow, also across the wrap, and so does the number of an ACK;
 * - credit never shrinks, and no byte is sent beyond the credit that has come;
 * - an ACK speaks of packets that have come, and of nothing else.
 *
 * `leaving` and `arriving` are the first and the last element of each direction.
 */
export class WireWatch {
  readonly #bodyAt: number;
  readonly #sides: readonly [Side, Side] = [new Side(), new Side()];

  constructor(tagBytes = 0) {
    this.#bodyAt = COMMON_HEADER_BYTES + tagBytes;
  }

  /** What side 0 or 1 sends. */
  leaving(side: 0 | 1): ElementSpec {
    return this.#tap((packet, type, atUs) => {
      this.#onLeaving(this.#sides[side], packet, type, atUs);
    });
  }

  /** What arrives at side 0 or 1. */
  arriving(side: 0 | 1): ElementSpec {
    return this.#tap((packet, type, atUs) => {
      this.#onArriving(this.#sides[side], packet, type, atUs);
    });
  }

  #tap(look: (body: DataView, type: number, atUs: number) => void): ElementSpec {
    return {
      kind: 'watch',
      build: () => ({
        pass: ({ bytes, lengthBytes }, atUs): number => {
          const type = bytes[TYPE_AT]! & TYPE_MASK;
          if (lengthBytes <= this.#bodyAt || (type !== ACK && !NUMBERED.has(type))) return atUs;
          // What is damaged on its way is nobody's.
          if (crcCheck.verify(bytes.subarray(0, lengthBytes), 0) !== 'ok') return atUs;
          look(
            new DataView(bytes.buffer, bytes.byteOffset + this.#bodyAt, lengthBytes - this.#bodyAt),
            type,
            atUs,
          );
          return atUs;
        },
      }),
    };
  }

  #onLeaving(side: Side, body: DataView, type: number, atUs: number): void {
    if (type === ACK) {
      assert(grows(side.lastAckSeq, body.getUint32(0)), 'the numbers of ACKs grow');
      side.lastAckSeq = body.getUint32(0);
      assert(creditOf(body) >= side.toldCredit, 'credit never shrinks on the wire');
      side.toldCredit = creditOf(body);
      forEachAcked(body, (number) => {
        const receivedAtUs = side.receivedAtUs.get(number) ?? Infinity;
        assert(receivedAtUs <= atUs, 'an ACK speaks of what has come');
      });
      return;
    }
    assert(grows(side.lastNumber, body.getUint32(0)), 'packet numbers grow');
    side.lastNumber = body.getUint32(0);
    if (type !== DATA) return;
    const end = readUint48(body, DATA_OFFSET_AT) + body.byteLength - DATA_PAYLOAD_AT;
    assert(end <= creditBy(side, atUs), 'no byte is sent beyond the credit');
  }

  #onArriving(side: Side, body: DataView, type: number, atUs: number): void {
    if (type === ACK) {
      side.credits.push([atUs, creditOf(body)]);
      return;
    }
    const number = body.getUint32(0);
    side.receivedAtUs.set(number, Math.min(side.receivedAtUs.get(number) ?? Infinity, atUs));
  }
}

/** The most that has come by an instant; what comes later is kept. */
function creditBy(side: Side, atUs: number): number {
  const come = side.credits.filter(([cameAtUs]) => cameAtUs <= atUs);
  const most = Math.max(...come.map(([, creditBytes]) => creditBytes));
  const later = side.credits.filter(([cameAtUs]) => cameAtUs > atUs);
  side.credits.splice(0, Infinity, [0, most], ...later);
  return most;
}

/** Serial numbers of 32 bits (RFC 1982). */
function grows(last: number | undefined, next: number): boolean {
  if (last === undefined) return true;
  const step = (next - last + NUMBERS) % NUMBERS;
  return step > 0 && step < NUMBERS / 2;
}

function creditOf(ack: DataView): number {
  return readUint48(ack, ACK_CREDIT_AT);
}

function readUint48(view: DataView, at: number): number {
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}

/** Ranges stand newest first: a length, then gap and length; 65,535 goes on in the next field. */
function forEachAcked(ack: DataView, visit: (number: number) => void): void {
  let at = ACK_RANGES_AT;
  const take = (): number => {
    let value = 0;
    for (;;) {
      const part = ack.getUint16(at);
      at += 2;
      value += part;
      if (part < RANGE_GOES_ON) return value;
    }
  };
  let below = ack.getUint32(ACK_LARGEST_AT) + 1;
  for (let isFirst = true; at < ack.byteLength; isFirst = false) {
    if (!isFirst) below -= take();
    for (let left = take(); left > 0; left--) visit((--below + NUMBERS) % NUMBERS);
  }
}
