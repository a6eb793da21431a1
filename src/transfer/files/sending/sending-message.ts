import { CloseCode, type CloseReason, type TransportConnection } from '../../core/transport.ts';
import { errorOfClose, errorOfFailure } from '../close-meaning.ts';
import {
  DIRECT_TEXT_RECORD,
  encodeDirectText,
  MAX_DIRECT_TEXT_BYTES,
} from '../records/direct-text.ts';
import { decodeFailure, MessageType } from '../records/message.ts';
import { Outcome } from '../outcome.ts';
import { PeerLink } from '../peer-link.ts';
import { TransferError } from '../transfer-error.ts';

/** Sends one direct message. `done` resolves once the other side says that it was shown. */
export class SendingMessage {
  readonly #text: string;
  readonly #wake: () => void;
  readonly #outcome: Outcome<void> = new Outcome<void>();
  #link: PeerLink | undefined;
  #isOver = false;

  /** `wake`: called after it used its connection by itself. */
  constructor(text: string, wake: () => void) {
    this.#text = text;
    this.#wake = wake;
    if (text === '' || Buffer.byteLength(text) > MAX_DIRECT_TEXT_BYTES) {
      this.fail(new TransferError('local-file', TEXT_LENGTH));
    }
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get done(): Promise<void> {
    return this.#outcome.done;
  }

  onOpened(connection: TransportConnection): void {
    if (this.#isOver) {
      connection.close(CloseCode.cancelled, CANCELLED);
      return;
    }
    this.#link = new PeerLink(connection, 'receiver');
    this.#link.write(DIRECT_TEXT_RECORD, encodeDirectText(this.#text));
    this.#link.flush();
  }

  onReadable(): void {
    const link = this.#link;
    if (this.#isOver || link === undefined) return;
    const error = link.read(() => !this.#isOver, this.#onRecord);
    if (error !== undefined) this.fail(error);
    else if (link.isReadFinished) this.fail(link.endedEarly());
  }

  onWritable(): void {
    // All that it writes, it writes at once.
  }

  onStalled(): void {
    // It is short: it arrives, or the connection says why not.
  }

  onResumed(): void {
    // See `onStalled`.
  }

  /** The connection ended, or could not be opened. */
  onClosed(reason: CloseReason): void {
    this.fail(errorOfClose(reason));
  }

  cancel(): void {
    this.fail(new TransferError('cancelled', CANCELLED));
    this.#wake();
  }

  /** The first end counts; the other side is told. */
  fail(error: TransferError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#link?.close(error);
    this.#outcome.reject(error);
  }

  readonly #onRecord = (type: number, body: Uint8Array): void => {
    const link = this.#link!;
    if (type === MessageType.done && body.length === 0) {
      this.#isOver = true;
      link.connection.close(CloseCode.ok, '');
      this.#outcome.resolve();
      return;
    }
    const failure =
      type === MessageType.reject || type === MessageType.fail ? decodeFailure(body) : undefined;
    this.fail(failure ? errorOfFailure(failure) : link.violation('an unexpected record'));
  };
}

const TEXT_LENGTH = `a message has 1 to ${MAX_DIRECT_TEXT_BYTES} bytes`;
const CANCELLED = 'cancelled by the sender';
