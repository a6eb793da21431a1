import { Writable } from 'node:stream';
import type { Offer, OfferAnswer } from '../transfer/index.ts';
import { writeData } from './terminal/output-lines.ts';

/**
 * Lets one file into stdout, as it comes. What a reader has got cannot be taken back, so no other file
 * follows one of which anything was written.
 */
export class StdoutTaker {
  #isTaken = false;
  #hasWritten = false;
  #isWriting = false;

  /** Some of a file stands in stdout. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  /** Whoever reads stdout takes no more: what was written last waits, and would keep this process alive. */
  get isStuck(): boolean {
    return this.#isWriting;
  }

  readonly answer = ({ kind, isAlone }: Offer): OfferAnswer => {
    if (kind !== 'file' || !isAlone) {
      return { refuse: 'the other side writes one file to stdout: send a tar of them' };
    }
    if (this.#isTaken) return { refuse: 'another file is being written to stdout there' };
    this.#isTaken = true;
    return { into: this.#open() };
  };

  /** Ends when it is ended; stdout itself stays open. */
  #open(): Writable {
    return new Writable({
      write: (bytes: Uint8Array, _encoding, onWritten) => {
        this.#hasWritten = true;
        this.#isWriting = true;
        writeData(bytes, (error) => {
          this.#isWriting = false;
          onWritten(error);
        });
      },
      destroy: (error, onDestroyed) => {
        if (!this.#hasWritten) this.#isTaken = false;
        onDestroyed(error);
      },
    });
  }
}
