import { StateClock } from '../../core/index.ts';
import { decodeReport } from '../records/limit-message.ts';
import {
  limitOf,
  type ReceiverTimes,
  type SenderTimes,
  type TransferLimit,
} from '../transfer-limit.ts';

/**
 * What a receiver does: it reads content; its disk has no room for more; all is here and settles; or it
 * waits for a person, a full disk, or another offer.
 */
export type ReceiverStand = 'reading' | 'disk' | 'settling' | 'waiting';

/**
 * Where a receive stands. Records are read in `offer` and `content` only, and behind the last END while
 * the rest is written, where the right thing to arrive is nothing.
 */
export type Stage = 'offer' | 'deciding' | 'room' | 'content' | 'finishing' | 'over';

/** What a receiver does at a stage; `isComplete`: all content of the offer is here. */
export function standOf(stage: Stage, isComplete: boolean, canRead: boolean): ReceiverStand {
  if (stage === 'finishing') return 'settling';
  if (stage !== 'content') return 'waiting';
  if (isComplete) return 'settling';
  return canRead ? 'reading' : 'disk';
}

/** Adds up what a receiver did, and the content that came. */
export class ReceiverClock {
  readonly #nowUs: () => number;
  readonly #busyUs: () => number;
  readonly #stands: StateClock<ReceiverStand>;
  #stand: ReceiverStand = 'waiting';
  #busyAtUs = 0;
  #readBusyUs = 0;
  #contentBytes = 0;
  #report: SenderTimes | undefined;

  constructor(nowUs: () => number, busyUs: (() => number) | undefined) {
    this.#nowUs = nowUs;
    this.#busyUs = busyUs ?? ((): number => 0);
    this.#stands = new StateClock<ReceiverStand>('waiting', nowUs());
  }

  enter(stand: ReceiverStand): void {
    if (stand === this.#stand) return;
    const busyUs = this.#busyUs();
    if (this.#stand === 'reading' || this.#stand === 'disk') {
      this.#readBusyUs += busyUs - this.#busyAtUs;
    }
    this.#busyAtUs = busyUs;
    this.#stand = stand;
    this.#stands.enter(stand, this.#nowUs());
  }

  onContent(byteCount: number): void {
    this.#contentBytes += byteCount;
  }

  /** What the sender says of itself; false when it is broken. */
  onReport(body: Uint8Array): boolean {
    this.#report = decodeReport(body);
    return this.#report !== undefined;
  }

  /** What limited the transfer; undefined where the sender has not reported. */
  get limit(): TransferLimit | undefined {
    return this.#report && limitOf(this.#report, this.#times);
  }

  get #times(): ReceiverTimes {
    const nowUs = this.#nowUs();
    const diskUs = this.#stands.spentUs('disk', nowUs);
    const contentUs = this.#stands.spentUs('reading', nowUs) + diskUs;
    return {
      contentUs,
      diskUs,
      settleUs: this.#stands.spentUs('settling', nowUs),
      contentBytes: this.#contentBytes,
      busyUs: this.#readBusyUs,
    };
  }
}
