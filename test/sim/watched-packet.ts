import { COMMON_HEADER_BYTES } from '../../src/transfer/core/index.ts';

/** Types, flags and offsets as src/transfer/README.md has them. */
export const Type = {
  open: 1,
  openAck: 2,
  data: 3,
  ack: 4,
  mark: 5,
  ping: 6,
  mtuProbe: 7,
  pathChallenge: 8,
  pathResponse: 9,
  close: 10,
} as const;
const TYPE_AT = 4;
const TYPE_MASK = 0x3f;
const FLAGS_AT = 5;
const ACK_NOW = 2;
const CONNECTION_ID_AT = 6;
const DATA_OFFSET_AT = 4;
const DATA_PAYLOAD_AT = 10;
const ACK_LARGEST_AT = 4;
const ACK_CREDIT_AT = 16;
const ACK_RANGES_AT = 30;
const RANGE_GOES_ON = 65_535;
const MARK_SEQ_AT = 11;
const TOKEN_AT = 4;
const TOKEN_BYTES = 8;
const NUMBERS = 2 ** 32;

const numbered: ReadonlySet<number> = new Set([
  Type.data,
  Type.ping,
  Type.mtuProbe,
  Type.pathChallenge,
  Type.pathResponse,
]);

/** A packet as the wire has it, read by other code than the core's. */
export class WatchedPacket {
  readonly type: number;
  readonly connectionId: number;
  readonly lengthBytes: number;
  readonly isAckNow: boolean;
  readonly #datagram: Uint8Array;
  #body: DataView = new DataView(new ArrayBuffer(0));

  constructor(datagram: Uint8Array) {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
    this.#datagram = datagram;
    this.type = view.getUint8(TYPE_AT) & TYPE_MASK;
    this.isAckNow = (view.getUint8(FLAGS_AT) & ACK_NOW) !== 0;
    this.connectionId = view.getUint32(CONNECTION_ID_AT);
    this.lengthBytes = datagram.length;
  }

  /** To be set before anything of the body is asked for. */
  set tagBytes(bytes: number) {
    const { buffer, byteOffset, length } = this.#datagram;
    const bodyAt = COMMON_HEADER_BYTES + bytes;
    this.#body = new DataView(buffer, byteOffset + bodyAt, length - bodyAt);
  }

  get isNumbered(): boolean {
    return numbered.has(this.type);
  }

  /** The 32 bits that travel: a packet's number, an ACK's own one, a MARK's una. */
  get number(): number {
    return this.#body.getUint32(0);
  }

  /** Of DATA. */
  get endOffset(): number {
    return readUint48(this.#body, DATA_OFFSET_AT) + this.#body.byteLength - DATA_PAYLOAD_AT;
  }

  /** Of MARK. */
  get markSeq(): number {
    return this.#body.getUint32(MARK_SEQ_AT);
  }

  /** Of a challenge or response. */
  get token(): string {
    const { buffer, byteOffset } = this.#body;
    return Buffer.from(buffer, byteOffset + TOKEN_AT, TOKEN_BYTES).toString('hex');
  }

  /** Of ACK. */
  get creditBytes(): number {
    return readUint48(this.#body, ACK_CREDIT_AT);
  }

  get largest(): number {
    return this.#body.getUint32(ACK_LARGEST_AT);
  }

  /**
   * Visits how far below the largest each number stands that an ACK names; returns the count of ranges.
   * Ranges stand newest first: a length, then gap and length; 65,535 goes on in the next field.
   */
  forEachAcked(visit: (below: number) => void): number {
    const body = this.#body;
    let at = ACK_RANGES_AT;
    const take = (): number => {
      let value = 0;
      for (;;) {
        const part = body.getUint16(at);
        at += 2;
        value += part;
        if (part < RANGE_GOES_ON) return value;
      }
    };
    let [below, rangeCount] = [0, 0];
    for (; at < body.byteLength; rangeCount++) {
      if (rangeCount > 0) below += take();
      for (let left = take(); left > 0; left--) visit(below++);
    }
    return rangeCount;
  }
}

/** The number nearest to `expected` with these low 32 bits. */
export function unwrapped(low: number, expected: number): number {
  const ahead = (((low - expected) % NUMBERS) + NUMBERS) % NUMBERS;
  return expected + (ahead < NUMBERS / 2 ? ahead : ahead - NUMBERS);
}

function readUint48(view: DataView, at: number): number {
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}
