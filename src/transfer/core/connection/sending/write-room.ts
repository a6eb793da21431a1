import type { CreditLedger } from '../credit-ledger.ts';
import { maxUnsentBytes } from './send-limits.ts';
import type { SendStream } from './send-stream.ts';

/** How much the user may write, and when it should be told that it may again or that all is there. */
export class WriteRoom {
  readonly #stream: SendStream;
  readonly #ledger: CreditLedger;
  /** The user has met a limit, or will soon. */
  #isWritableOwed = false;
  #isSentTold = false;

  constructor(stream: SendStream, ledger: CreditLedger) {
    this.#stream = stream;
    this.#ledger = ledger;
  }

  /** Bytes to write at most now; a 0 is followed by `takeWritable`. */
  get roomBytes(): number {
    const stream = this.#stream;
    if (stream.isFinished) return 0;
    const unsentRoom = this.#maxUnsentBytes - stream.unsentBytes;
    const creditRoom = stream.creditOffset - stream.written;
    const room = Math.max(0, Math.min(unsentRoom, creditRoom));
    if (room === 0) this.#isWritableOwed = true;
    return room;
  }

  onWritten(): void {
    if (this.#stream.unsentBytes > this.#maxUnsentBytes / 2) this.#isWritableOwed = true;
  }

  /** True once there is room again that the user waits for. */
  takeWritable(): boolean {
    const stream = this.#stream;
    if (!this.#isWritableOwed || stream.unsentBytes > this.#maxUnsentBytes / 2) return false;
    if (stream.creditOffset <= stream.written) return false;
    this.#isWritableOwed = false;
    return true;
  }

  /** True once: all that was written, and FIN, is acknowledged. */
  takeSent(): boolean {
    const stream = this.#stream;
    if (this.#isSentTold || !stream.isFinished || !stream.isAcknowledged) return false;
    this.#isSentTold = true;
    return true;
  }

  get #maxUnsentBytes(): number {
    return maxUnsentBytes(this.#ledger.accountCount);
  }
}
