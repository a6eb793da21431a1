import type { StateFile } from './state-file.ts';

interface Batch {
  /** The versions that the files must hold before the batch may leave. */
  readonly versions: readonly number[];
  readonly deliver: () => void;
}

/**
 * Holds frames back until the files hold the state that they speak of, in order: whoever reads a
 * confirmation finds the change in the file.
 */
export class DeliveryQueue {
  readonly #files: readonly StateFile[];
  readonly #batches: Batch[] = [];
  #isDelivering = false;

  constructor(files: readonly StateFile[]) {
    this.#files = files;
  }

  /** `deliver` is called once every change made to the files so far is saved; maybe at once. */
  push(deliver: () => void): void {
    this.#batches.push({ versions: this.#files.map(({ version }) => version), deliver });
    this.deliverSaved();
  }

  /** To be called when a file has been saved. */
  deliverSaved(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    let deliveredCount = 0;
    // Delivering may push more batches.
    while (deliveredCount < this.#batches.length && this.#isSaved(this.#batches[deliveredCount]!)) {
      this.#batches[deliveredCount]!.deliver();
      deliveredCount += 1;
    }
    this.#batches.splice(0, deliveredCount);
    this.#isDelivering = false;
  }

  #isSaved({ versions }: Batch): boolean {
    return this.#files.every(({ savedVersion }, index) => savedVersion >= versions[index]!);
  }
}
