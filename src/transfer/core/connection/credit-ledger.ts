import assert from 'node:assert/strict';

/** Memory for received bytes that the connections of an endpoint share (DESIGN §4). */
export const CREDIT_POOL_BYTES = 134_217_728;
/** Most that one connection is granted: this, or half of a pool that is larger than the default one. */
export const MAX_SHARE_BYTES = 67_108_864;
/** What a connection is granted before its transfer was accepted. */
export const OPENING_CREDIT_BYTES = 65_536;
/** What it is owed afterwards: two largest records. */
const MIN_SHARE_BYTES = 131_072;
/**
 * What a transfer is granted at first, and how many times what it has consumed so far it is granted later,
 * if its share is larger: several round trips of a rate that doubles in each. Whoever comes first would
 * else be granted most of the pool for a file of a megabyte, and others wait for its end.
 */
export const FIRST_GRANT_BYTES = 1_048_576;
export const GRANTS_A_CONSUMED_BYTE = 4;
/** This part of a share is granted to nobody beyond its minimum: whoever comes next opens with it. */
const NEWCOMER_PART = 2;

/** One connection's account. */
export interface CreditAccount {
  /** creditOffset − consumed: what the peer may still make us hold. */
  grantedBytes: number;
  /** What is still owed to it at least. */
  minimumBytes: number;
  /** What the application has consumed of it so far. */
  consumedBytes: number;
  /** It asked for the minimum of a running transfer, and there was no room. */
  isWaiting: boolean;
}

/**
 * Who may make this endpoint hold how much.
 *
 * Invariant: the sum of what is granted never exceeds the pool, and every open connection can
 * always be brought to its minimum, so none waits for another.
 */
export class CreditLedger {
  readonly #poolBytes: number;
  readonly #accounts: Set<CreditAccount> = new Set();
  #grantedBytes = 0;
  /** Sum of what is missing to each account's minimum. */
  #owedBytes = 0;
  #waitingCount = 0;

  constructor(poolBytes: number = CREDIT_POOL_BYTES) {
    this.#poolBytes = poolBytes;
  }

  get grantedBytes(): number {
    return this.#grantedBytes;
  }

  /** Accounts that should ask for a running transfer's minimum again. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  get accountCount(): number {
    return this.#accounts.size;
  }

  /** What one connection may be granted while as many share the pool as now. */
  get shareBytes(): number {
    return Math.min(
      Math.max(MAX_SHARE_BYTES, Math.floor(this.#poolBytes / 2)),
      Math.floor(this.#poolBytes / Math.max(1, this.#accounts.size)),
    );
  }

  /**
   * Whether another account fits: `later` while others hold more than the least that they are owed,
   * as they do for a moment when many come at once, for what is granted is not taken back.
   */
  get room(): 'now' | 'later' | 'none' {
    if (this.#grantedBytes + this.#owedBytes + OPENING_CREDIT_BYTES <= this.#poolBytes)
      return 'now';
    return (this.#accounts.size + 1) * MIN_SHARE_BYTES <= this.#poolBytes ? 'later' : 'none';
  }

  /** An account with the opening credit granted; undefined when even that does not fit. */
  open(): CreditAccount | undefined {
    if (this.room !== 'now') return undefined;
    const account = {
      grantedBytes: OPENING_CREDIT_BYTES,
      minimumBytes: OPENING_CREDIT_BYTES,
      consumedBytes: 0,
      isWaiting: false,
    };
    this.#accounts.add(account);
    this.#grantedBytes += OPENING_CREDIT_BYTES;
    return account;
  }

  /** Raises the account's minimum to that of a running transfer; false when it does not fit now. */
  promote(account: CreditAccount): boolean {
    const missing = Math.max(0, MIN_SHARE_BYTES - account.grantedBytes);
    const owedNow = Math.max(0, account.minimumBytes - account.grantedBytes);
    const isFull = this.#grantedBytes + this.#owedBytes - owedNow + missing > this.#poolBytes;
    this.#setWaiting(account, isFull);
    if (isFull) return false;
    account.minimumBytes = MIN_SHARE_BYTES;
    this.#owedBytes += missing - owedNow;
    return true;
  }

  /** What this account may be granted in all now, as far as the pool goes. */
  targetBytes(account: CreditAccount): number {
    if (account.minimumBytes === OPENING_CREDIT_BYTES) return OPENING_CREDIT_BYTES;
    const grownBytes = Math.max(FIRST_GRANT_BYTES, GRANTS_A_CONSUMED_BYTE * account.consumedBytes);
    return Math.max(Math.min(this.shareBytes, grownBytes), account.minimumBytes);
  }

  /** How much more this account could be granted now. */
  grantableBytes(account: CreditAccount): number {
    const owedHere = Math.max(0, account.minimumBytes - account.grantedBytes);
    const toShare = this.targetBytes(account) - account.grantedBytes;
    const free = this.#poolBytes - this.#grantedBytes - (this.#owedBytes - owedHere);
    const spare = free - Math.ceil(this.shareBytes / NEWCOMER_PART);
    return Math.max(0, Math.min(toShare, Math.max(spare, Math.min(owedHere, free))));
  }

  grant(account: CreditAccount, byteCount: number): void {
    this.#move(account, byteCount);
    assert(this.#grantedBytes <= this.#poolBytes, 'the credit ledger never exceeds its pool');
  }

  /** The application consumed bytes: that much of the grant is used up. */
  release(account: CreditAccount, byteCount: number): void {
    this.#move(account, -byteCount);
    account.consumedBytes += byteCount;
    assert(account.grantedBytes >= 0, 'only granted bytes are released');
  }

  close(account: CreditAccount): void {
    if (!this.#accounts.delete(account)) return;
    this.#setWaiting(account, false);
    this.#owedBytes -= Math.max(0, account.minimumBytes - account.grantedBytes);
    this.#grantedBytes -= account.grantedBytes;
  }

  #setWaiting(account: CreditAccount, isWaiting: boolean): void {
    if (account.isWaiting === isWaiting) return;
    account.isWaiting = isWaiting;
    this.#waitingCount += isWaiting ? 1 : -1;
  }

  #move(account: CreditAccount, byteCount: number): void {
    const owedBefore = Math.max(0, account.minimumBytes - account.grantedBytes);
    account.grantedBytes += byteCount;
    this.#grantedBytes += byteCount;
    const owedAfter = Math.max(0, account.minimumBytes - account.grantedBytes);
    this.#owedBytes += owedAfter - owedBefore;
  }
}
