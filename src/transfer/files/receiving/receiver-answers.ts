import { encodeLimit } from '../records/limit-message.ts';
import { encodeAgain, encodeMiss, encodePause, MessageType } from '../records/message.ts';
import type { PeerLink } from '../peer-link.ts';
import type { TransferError } from '../transfer-error.ts';
import type { TransferLimit } from '../transfer-limit.ts';

/** What a receiver says to the sender while a transfer runs. Each but `miss` ends a turn. */
export class ReceiverAnswers {
  readonly #link: PeerLink;

  constructor(link: PeerLink) {
    this.#link = link;
  }

  /** Bodies of ACCEPT. */
  accept(records: readonly Uint8Array[]): void {
    for (const record of records) this.#link.write(MessageType.accept, record);
    this.#link.flush();
  }

  /** PAUSE, or RESUME. */
  pause(isPaused: boolean): void {
    if (isPaused) this.#say(MessageType.pause, encodePause('no-space'));
    else this.#say(MessageType.resume, NOTHING);
  }

  /** Asks for a file once more, from its beginning. */
  again(entryIndex: number): void {
    this.#say(MessageType.again, encodeAgain(entryIndex));
  }

  /** A file is left out; what else the disk has to say follows soon. */
  miss(entryIndex: number, { code, message: reason }: TransferError): void {
    this.#link.write(MessageType.miss, encodeMiss({ entryIndex, code, reason }));
  }

  /** What limited it, before the last DONE. */
  limit(limit: TransferLimit): void {
    this.#link.write(MessageType.limit, encodeLimit(limit));
  }

  /** All of the offer is over. */
  done(): void {
    this.#say(MessageType.done, NOTHING);
  }

  #say(type: number, body: Uint8Array): void {
    this.#link.write(type, body);
    this.#link.flush();
  }
}

const NOTHING = new Uint8Array(0);
