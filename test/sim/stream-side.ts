import type { CloseReason, TransportConnection } from '../../src/transfer/core/index.ts';
import { KnownStream } from './known-stream.ts';
import type { Interval } from './wire-elements.ts';

/** A slow reader reads this often. */
export const READ_INTERVAL_US = 5_000;

/** What one side writes. */
export interface WritePlan {
  /** Of its known stream. */
  readonly seed: number;
  readonly bytes: number;
  readonly pauses: readonly Interval[];
}

/** What one side reads, and how fast. */
export interface ReadPlan extends WritePlan {
  readonly bytesPerSec: number;
}

/** One side of a connection: writes one known stream, checks the other. */
export class StreamSide {
  connection: TransportConnection | undefined;
  writtenBytes = 0;
  readBytes = 0;
  isReadFinished = false;
  /** A read is planned. */
  isReading = false;
  /** A write is planned. */
  isWriting = false;
  /** A slow reader does not read before. */
  readsAgainAtUs = 0;
  /** All written, FIN included, was acknowledged. */
  isSent = false;
  openedAtUs: number = Infinity;
  readFinishedAtUs: number = Infinity;
  closedAtUs: number = Infinity;
  closeReason: CloseReason | undefined;
  readonly #writes: KnownStream;
  readonly #reads: KnownStream;
  readonly writeBytes: number;
  readonly expectedBytes: number;
  readonly readBytesPerSec: number;

  readonly #writePauses: readonly Interval[];
  readonly #readPauses: readonly Interval[];

  constructor(writes: WritePlan, reads: ReadPlan) {
    this.#writes = new KnownStream(writes.seed);
    this.#reads = new KnownStream(reads.seed);
    this.writeBytes = writes.bytes;
    this.expectedBytes = reads.bytes;
    this.readBytesPerSec = reads.bytesPerSec;
    this.#writePauses = writes.pauses;
    this.#readPauses = reads.pauses;
  }

  /** When it may write: `nowUs` unless it pauses. */
  writesAtUs(nowUs: number): number {
    return endOfPauseUs(this.#writePauses, nowUs);
  }

  /** When it may read: `nowUs` unless it pauses, or is slow and has just read. */
  readsAtUs(nowUs: number): number {
    const isSlow = this.readBytesPerSec !== Infinity;
    return endOfPauseUs(this.#readPauses, isSlow ? Math.max(nowUs, this.readsAgainAtUs) : nowUs);
  }

  /** Writes what there is room for; true when all is written. */
  pump(chunkBytes: number): boolean {
    const connection = this.connection!;
    while (this.writtenBytes < this.writeBytes) {
      const room = connection.writeRoomBytes;
      if (room === 0) return false;
      const wanted = Math.min(room, chunkBytes, this.writeBytes - this.writtenBytes);
      const view = this.#writes.view(this.writtenBytes, wanted);
      connection.write(view);
      this.writtenBytes += view.length;
    }
    return true;
  }

  /** Reads and checks at most `limitBytes`; what is wrong, or undefined. */
  read(limitBytes: number): string | undefined {
    const connection = this.connection!;
    for (let left = limitBytes; left > 0;) {
      const view = connection.peek();
      const bytes = view.length > left ? view.subarray(0, left) : view;
      if (bytes.length === 0) break;
      const wrongAt = this.#reads.firstWrong(this.readBytes, bytes);
      if (wrongAt !== undefined) return `byte ${this.readBytes + wrongAt} is wrong`;
      connection.consume(bytes.length);
      this.readBytes += bytes.length;
      left -= bytes.length;
    }
    if (this.readBytes > this.expectedBytes) return 'more bytes came than were written';
    if (connection.isReadFinished && this.readBytes < this.expectedBytes) return 'FIN too early';
    return undefined;
  }
}

/** When somebody who pauses goes on: `atUs` itself where it does not pause then. */
function endOfPauseUs(pauses: readonly Interval[], atUs: number): number {
  let endUs = atUs;
  for (const [fromUs, toUs] of pauses) if (endUs >= fromUs && endUs < toUs) endUs = toUs;
  return endUs;
}
