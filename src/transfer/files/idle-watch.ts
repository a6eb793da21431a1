import { MessageType } from './records/message.ts';
import type { PeerLink } from './peer-link.ts';
import type { ProgressMeter } from './progress-meter.ts';
import { TransferError } from './transfer-error.ts';
import type { PauseReason, StallReason } from './transfer.ts';

/** Between two signs of work of one side. */
export const SIGN_EVERY_MS = 1_000;
/** How often what may not be given up just now is looked at again. */
const LOOK_AGAIN_MS = 1_000;
/**
 * A receiver whose disk is full waits for itself and says how that ends; only one that does not is given up
 * by its sender, so much later.
 */
export const PAUSE_GRACE_MS = 60_000;
/** A transfer that has failed waits so long for its disk to put away what there is, … */
export const MAX_DISK_WAIT_MS = 60_000;
/** … and when it was given up, perhaps because that disk hangs. */
export const HUNG_DISK_WAIT_MS = 1_000;

/** Why nothing goes on. */
export type IdleReason = StallReason | PauseReason;

export interface IdleWatchOptions {
  readonly giveUpMs: number;
  readonly nowUs: () => number;
  /** Runs `action` later; the function that it gives takes that back. */
  readonly after: (delayMs: number, action: () => void) => () => void;
  /** Called after the connection was used. */
  readonly wake: () => void;
}

/** What is asked of the transfer, and told. */
export interface WatchedTransfer {
  /** Undefined while something goes on. */
  readonly reason: () => IdleReason | undefined;
  /** The disk is at work where the other side sees nothing of it. */
  readonly isUnseen: () => boolean;
  /** Undefined before it is connected. */
  readonly link: () => PeerLink | undefined;
  readonly onGiveUp: (error: TransferError) => void;
}

/**
 * Ends a transfer whose peer answers and in which nothing goes on: a disk that hangs, an offer that nobody
 * answers. A peer that is not heard is not its business (`Liveness`).
 *
 * What one side does unseen (an earlier try is read for its hash, places are looked for, folders are
 * synced) it tells the other by WORKING, so that no disk is given up that only takes long.
 */
export class IdleWatch {
  readonly #options: IdleWatchOptions;
  readonly #meter: ProgressMeter;
  readonly #transfer: WatchedTransfer;
  #cancelTimer: (() => void) | undefined;
  #isOver = false;
  /** When the other side was told last, or first might have been. */
  #signedAtUs: number | undefined;

  constructor(options: IdleWatchOptions, meter: ProgressMeter, transfer: WatchedTransfer) {
    this.#options = options;
    this.#meter = meter;
    this.#transfer = transfer;
  }

  start(): void {
    this.#meter.touch();
    this.#cancelTimer ??= this.#options.after(this.#options.giveUpMs, this.#look);
  }

  stop(): void {
    this.#isOver = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** The disk has done something. */
  readonly onWork = (): void => {
    const { isUnseen, link } = this.#transfer;
    if (this.#isOver || !isUnseen()) return;
    this.#meter.touch();
    const to = link();
    const nowUs = this.#options.nowUs();
    this.#signedAtUs ??= nowUs;
    if (to === undefined || nowUs - this.#signedAtUs < SIGN_EVERY_MS * 1_000) return;
    this.#signedAtUs = nowUs;
    to.write(MessageType.working, NOTHING);
    to.flush();
    this.#options.wake();
  };

  readonly #look = (): void => {
    const { giveUpMs, after, wake } = this.#options;
    const { idleMs } = this.#meter;
    const reason = this.#transfer.reason();
    const limitMs = this.#limitMsOf(reason);
    this.#cancelTimer = undefined;
    if (reason !== undefined && idleMs >= limitMs) {
      this.#transfer.onGiveUp(givenUp(reason, giveUpMs));
      wake();
      return;
    }
    // What is not stalled now cannot be given up before that.
    const leftMs = (limitMs === Infinity ? giveUpMs : limitMs) - idleMs;
    this.#cancelTimer = after(Math.max(LOOK_AGAIN_MS, leftMs), this.#look);
  };

  /** How long nothing may go on. */
  #limitMsOf(reason: IdleReason | undefined): number {
    const { giveUpMs } = this.#options;
    const { isSilent, isTotalKnown } = this.#meter;
    if (reason === undefined || reason === 'user' || isSilent) return Infinity;
    if (reason === 'no-space') return giveUpMs + PAUSE_GRACE_MS;
    // Whoever writes into a pipe may take their time.
    return reason === 'sender' && !isTotalKnown ? Infinity : giveUpMs;
  }
}

const NOTHING = new Uint8Array(0);

const causes: Record<IdleReason, string> = {
  'no-answer': 'nothing that was sent is acknowledged',
  'not-accepted': 'the offer is not answered',
  sender: "the sender's source gives nothing",
  receiver: "the receiver's disk takes nothing",
  'no-space': "the receiver's disk is full",
  user: 'it was paused',
};

/** The same on both sides: who gives up first tells the other. */
function givenUp(reason: IdleReason, giveUpMs: number): TransferError {
  const text = `given up after ${Math.round(giveUpMs / 1_000)} s: ${causes[reason]}`;
  return new TransferError(reason === 'no-space' ? 'no-space' : 'stalled', text);
}

/** Resolves when a disk has done its last `work` for a transfer, or hangs. */
export async function lastWork(
  work: Promise<unknown>,
  error: TransferError | undefined,
  after: IdleWatchOptions['after'],
): Promise<void> {
  const waitMs = error?.code === 'stalled' ? HUNG_DISK_WAIT_MS : MAX_DISK_WAIT_MS;
  await new Promise<void>((resolve) => {
    const cancelTimer = after(waitMs, resolve);
    const end = (): void => {
      cancelTimer();
      resolve();
    };
    work.then(end, end);
  });
}
