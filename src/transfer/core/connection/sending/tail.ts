import { PacketKind, PacketState, type SentPackets } from '../../recovery/sent-packets.ts';
import type { SendStream, StreamSlice } from './send-stream.ts';

/** Packets of a long turn that are repeated at least. */
const MIN_REPEATED_PACKETS = 3;
/** Of the whole stream so far, repeated at most. */
const MAX_REPEATED_SHARE = 0.005;
/** A turn below this is repeated whole. */
const SHORT_TURN_BYTES = 65_536;
/** Packets of a short turn at the smallest datagrams: bounds what is remembered. */
const MAX_REPEATED_PACKETS = 1024;

/**
 * Sends the end of a turn once more before anybody asks (DESIGN §4, Tail).
 *
 * A loss in the middle of a stream is noticed by the packets behind it. The last packets have none
 * behind them: their loss costs a probe timeout. So when all of a turn is sent, what is not yet
 * acknowledged of its end goes out again, newest first, once.
 */
export class Tail {
  /** Where the last turn ended. */
  #turnEnd = 0;
  #turnBytes = 0;
  #isArmed = false;
  /** Packets to repeat: their stream offsets and lengths, the next one last. */
  readonly #offsets: number[] = [];
  readonly #lengths: number[] = [];

  /** A turn ends with what was written so far. */
  arm(written: number): void {
    if (written === this.#turnEnd) return;
    this.#turnBytes = written - this.#turnEnd;
    this.#turnEnd = written;
    this.#isArmed = true;
    this.#clear();
  }

  /** Whether there is, or may be, something to repeat now. */
  isDue(stream: SendStream): boolean {
    if (stream.written !== this.#turnEnd) return false;
    return this.#offsets.length > 0 || (this.#isArmed && stream.sentEnd === this.#turnEnd);
  }

  /**
   * Fills `slice` with what to repeat next, at most `maxLength`: what was sent before the path's MTU
   * shrank is left to the probes. False when the tail is through.
   */
  takeSlice(stream: SendStream, sent: SentPackets, maxLength: number, slice: StreamSlice): boolean {
    if (this.#isArmed) this.#collect(stream, sent);
    for (;;) {
      const offset = this.#offsets.pop();
      const length = this.#lengths.pop();
      if (offset === undefined || length === undefined) return false;
      if (length > maxLength) continue;
      if (stream.repeat(offset, length, slice)) return true;
    }
  }

  /** Nothing will be repeated: the window is too small for it. */
  disarm(): void {
    this.#isArmed = false;
    this.#clear();
  }

  #collect(stream: SendStream, sent: SentPackets): void {
    this.#isArmed = false;
    const isShort = this.#turnBytes < SHORT_TURN_BYTES;
    const turnStart = this.#turnEnd - this.#turnBytes;
    let budgetBytes = isShort ? Infinity : stream.written * MAX_REPEATED_SHARE;
    for (let number = sent.nextNumber - 1; number >= sent.oldest; number--) {
      const count = this.#offsets.length;
      if (count === MAX_REPEATED_PACKETS) break;
      if (budgetBytes <= 0 && count >= MIN_REPEATED_PACKETS) break;
      if (sent.state(number) !== PacketState.inFlight) continue;
      if (sent.kind(number) !== PacketKind.data) continue;
      const offset = sent.offset(number);
      if (isShort && offset < turnStart) break;
      this.#offsets.push(offset);
      this.#lengths.push(sent.payloadBytes(number));
      budgetBytes -= sent.payloadBytes(number);
    }
    // The newest goes first, and slices are taken from the end.
    this.#offsets.reverse();
    this.#lengths.reverse();
  }

  #clear(): void {
    this.#offsets.length = 0;
    this.#lengths.length = 0;
  }
}
