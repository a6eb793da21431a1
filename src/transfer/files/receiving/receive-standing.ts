import type { ReceivingOffer } from './receiving-offer.ts';
import { type ReceiverStand, type Stage, standOf } from './receiver-clock.ts';
import type { TransferState } from '../transfer.ts';

/** Where a receive stands, and what may be done there. */
export class ReceiveStanding {
  stage: Stage = 'offer';
  /** `running` from the first ACCEPT on, and how it ended. */
  outcome: Extract<TransferState, 'waiting' | 'running' | 'done' | 'failed'> = 'waiting';
  isPaused = false;
  /** The one that was accepted and is not over. */
  offer: ReceivingOffer | undefined;
  /** Set when a failure comes while a file is being published; too late once it has its name. */
  abort: (() => void) | undefined;

  /** But for being stalled, which time tells. */
  get state(): TransferState {
    if (this.isPaused && this.stage !== 'over') return 'paused';
    if (this.isRunning && this.offer?.isChecking === true) return 'checking';
    return this.outcome;
  }

  /** It was accepted, and does not wait for room. */
  get isRunning(): boolean {
    return this.outcome === 'running' && !this.isPaused;
  }

  /** For its clock. */
  get stand(): ReceiverStand {
    if (this.isPaused) return 'waiting';
    return standOf(this.stage, this.offer?.isComplete === true, this.canRead);
  }

  /** It has failed, or will: nothing more gets a name. */
  get isAborted(): boolean {
    return this.abort !== undefined || this.stage === 'over';
  }

  /** It is getting a name, which no failure takes back. */
  get isEnding(): boolean {
    return this.stage === 'finishing' || this.offer?.isPublishing === true;
  }

  /** The disk is at work where the sender sees nothing of it. */
  get isBusy(): boolean {
    const isPlacing = this.stage === 'deciding' || this.stage === 'room';
    return isPlacing || this.isEnding || this.offer?.isComplete === true;
  }

  /** All that the transfer offers has arrived. */
  get isWhole(): boolean {
    if (this.stage === 'finishing') return true;
    const { offer } = this;
    if (this.stage !== 'content' || offer?.isComplete !== true) return false;
    return !offer.placed.offer.hasMoreOffers;
  }

  /** Another record may be taken. */
  get canRead(): boolean {
    if (this.stage === 'content') return this.offer!.hasRoom && this.abort === undefined;
    return this.stage === 'offer';
  }

  get canFinish(): boolean {
    return this.stage === 'content' && this.offer!.isSettled;
  }
}
