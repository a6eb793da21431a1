/**
 * The recovery period of a controller: one reduction answers all losses of packets sent before it
 * (RFC 9002 §7.3.2). The reduction is undone when every loss that it answers turns out spurious
 * (RFC 9438 §4.9). `Before` is what a reduction replaces.
 */
export class RecoveryPeriod<Before> {
  /** Packets sent before this belong to a loss that was answered already. */
  #startUs = -Infinity;
  /** Of the last reduction, until it is known to have been right. */
  #undo: { readonly before: Before; readonly startUs: number } | undefined;
  /** Losses that the last reduction answers and that have not been proven spurious. */
  #unprovenLossCount = 0;

  /** Whether a packet sent then belongs to what was answered already. */
  covers(sentAtUs: number): boolean {
    return sentAtUs <= this.#startUs;
  }

  /** A packet sent then was lost; true when that calls for a reduction, and so for `begin`. */
  onLost(sentAtUs: number): boolean {
    if (!this.covers(sentAtUs)) return true;
    if (this.#isUndoneBy(sentAtUs)) this.#unprovenLossCount++;
    return false;
  }

  /** A reduction is made. */
  begin(before: Before, nowUs: number): void {
    this.#undo = { before, startUs: this.#startUs };
    this.#unprovenLossCount = 1;
    this.#startUs = nowUs;
  }

  /** A packet sent then was not lost; returns what is to be as before when no loss is left. */
  onSpuriousLoss(sentAtUs: number): Before | undefined {
    const undo = this.#undo;
    if (undo === undefined || !this.#isUndoneBy(sentAtUs)) return undefined;
    if (--this.#unprovenLossCount > 0) return undefined;
    this.#startUs = undo.startUs;
    this.#undo = undefined;
    return undo.before;
  }

  /** The last reduction stays, whatever turns out. */
  keep(): void {
    this.#undo = undefined;
  }

  /** All that was sent so far is answered, for good. */
  restart(nowUs: number): void {
    this.keep();
    this.#startUs = nowUs;
  }

  /** Whether a loss of a packet sent then belongs to the reduction that can be undone. */
  #isUndoneBy(sentAtUs: number): boolean {
    const fromUs = this.#undo?.startUs ?? Infinity;
    return sentAtUs > fromUs && sentAtUs <= this.#startUs;
  }
}
