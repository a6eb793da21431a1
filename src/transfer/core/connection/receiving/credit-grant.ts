import type { CreditAccount, CreditLedger } from '../credit-ledger.ts';
import type { ReceiveStream } from './receive-stream.ts';

/** An ACK leaves when this part of what it may be granted is free and not announced (DESIGN §4). */
const UNANNOUNCED_PART = 4;
/** Credit that was opened again is announced again after this, doubling. */
const FIRST_REPEAT_US = 250_000;
const MAX_REPEATS = 5;

/** Turns what the ledger allows into `creditOffset`, and sees that the peer learns of it. */
export class CreditGrant {
  readonly #ledger: CreditLedger;
  readonly #account: CreditAccount;
  readonly #stream: ReceiveStream;
  #repeatsLeft = 0;
  #repeatUs = FIRST_REPEAT_US;
  #repeatAtUs = Infinity;

  constructor(ledger: CreditLedger, account: CreditAccount, stream: ReceiveStream) {
    this.#ledger = ledger;
    this.#account = account;
    this.#stream = stream;
  }

  /** When an ACK that opened credit again should be repeated; Infinity when it need not be. */
  get repeatAtUs(): number {
    return this.#repeatAtUs;
  }

  /** Bytes were consumed; true when the peer should hear of the new credit at once. */
  onConsumed(byteCount: number): boolean {
    this.#ledger.release(this.#account, byteCount);
    const grantable = this.#ledger.grantableBytes(this.#account);
    if (grantable === 0) return false;
    const announcedFrom = this.#ledger.targetBytes(this.#account) / UNANNOUNCED_PART;
    return this.#stream.isCreditUsedUp || grantable >= announcedFrom;
  }

  /** Raises the limit from the opening's to a share of the pool; false when it does not fit now. */
  promote(): boolean {
    return this.#ledger.promote(this.#account);
  }

  /** An ACK is about to leave: grants what the ledger allows. */
  raise(nowUs: number): void {
    const grantable = this.#ledger.grantableBytes(this.#account);
    if (grantable === 0) return;
    if (this.#stream.isCreditUsedUp) {
      this.#repeatsLeft = MAX_REPEATS;
      this.#repeatUs = FIRST_REPEAT_US;
      this.#repeatAtUs = nowUs + this.#repeatUs;
    }
    this.#ledger.grant(this.#account, grantable);
    this.#stream.raiseCredit(this.#stream.creditOffset + grantable);
  }

  /** The repetition is due: true when the ACK should leave once more. Ends by itself. */
  takeRepeat(nowUs: number): boolean {
    if (this.#repeatsLeft === 0) return false;
    this.#repeatsLeft--;
    this.#repeatUs *= 2;
    this.#repeatAtUs = this.#repeatsLeft > 0 ? nowUs + this.#repeatUs : Infinity;
    return true;
  }

  /** Bytes beyond the old credit came: it was heard. */
  onHeard(): void {
    this.#repeatsLeft = 0;
    this.#repeatAtUs = Infinity;
  }

  close(): void {
    this.#ledger.close(this.#account);
  }
}
