import type { ElementSpec } from '../../test/sim/link.ts';
import { Coverage } from './coverage.ts';
import { DATA_HEADER_BYTES } from './packet-size.ts';

/** Where a packet says what it is, whose it is, and where in the stream it begins. */
const TYPE_AT = 4;
const TYPE_MASK = 0x3f;
const DATA_TYPE = 3;
const CONNECTION_ID_AT = 6;
const CONNECTION_ID_BYTES = 4;
const OFFSET_BYTES = 6;
const OFFSET_AT: number = DATA_HEADER_BYTES - OFFSET_BYTES;

function readUint(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let index = at; index < at + length; index++) value = value * 256 + bytes[index]!;
  return value;
}

/** Listens to DATA on a link, and changes nothing. */
function tap(
  onPayload: (connectionId: number, offset: number, length: number, atUs: number) => void,
): ElementSpec {
  return {
    kind: 'tap',
    build: () => ({
      pass({ bytes, lengthBytes }, atUs): number {
        const length = lengthBytes - DATA_HEADER_BYTES;
        if (length <= 0 || (bytes[TYPE_AT]! & TYPE_MASK) !== DATA_TYPE) return atUs;
        const connectionId = readUint(bytes, CONNECTION_ID_AT, CONNECTION_ID_BYTES);
        onPayload(connectionId, readUint(bytes, OFFSET_AT, OFFSET_BYTES), length, atUs);
        return atUs;
      },
    }),
  };
}

/** One connection's bytes. */
interface Stream {
  readonly coverage: Coverage;
  firstSentBytes: number;
}

/**
 * What streams put on a link and what came out at its end, by the bytes of the streams. `first` and
 * `last` are placed first and last in the link's chain of elements.
 */
export class DataTaps {
  readonly #streams: Map<number, Stream> = new Map();
  readonly first: ElementSpec;
  readonly last: ElementSpec;

  /** `onArrived` hears of bytes that come for the first time, and when they do. */
  constructor(onArrived: (newBytes: number, atUs: number) => void) {
    this.first = tap((connectionId, offset, length) => {
      const stream = this.#stream(connectionId);
      stream.firstSentBytes = Math.max(stream.firstSentBytes, offset + length);
    });
    this.last = tap((connectionId, offset, length, atUs) => {
      const newBytes = this.#stream(connectionId).coverage.add(offset, offset + length);
      if (newBytes > 0) onArrived(newBytes, atUs);
    });
  }

  /** Bytes of the streams that were sent at least once. */
  get firstSentBytes(): number {
    let sum = 0;
    for (const { firstSentBytes } of this.#streams.values()) sum += firstSentBytes;
    return sum;
  }

  #stream(connectionId: number): Stream {
    let stream = this.#streams.get(connectionId);
    if (stream === undefined) {
      stream = { coverage: new Coverage(), firstSentBytes: 0 };
      this.#streams.set(connectionId, stream);
    }
    return stream;
  }
}
