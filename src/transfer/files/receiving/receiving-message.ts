import type { TransportConnection } from '../../core/transport.ts';
import { decodeDirectText, DIRECT_TEXT_RECORD } from '../records/direct-text.ts';
import { MessageType } from '../records/message.ts';
import { Outcome } from '../outcome.ts';
import { PeerLink } from '../peer-link.ts';
import { asTransferError, TransferError } from '../transfer-error.ts';

export interface ReceivingMessageOptions {
  readonly peer: string;
  /** Already open. */
  readonly connection: TransportConnection;
  /** Shows the text to a person. What it rejects with is told to the sender. */
  readonly show: (text: string) => void | Promise<void>;
  /** Called after this used its connection by itself. */
  readonly wake: () => void;
}

/** Receives one direct message: DONE leaves only after it was shown. */
export class ReceivingMessage {
  readonly #options: ReceivingMessageOptions;
  readonly #link: PeerLink;
  readonly #outcome: Outcome<void> = new Outcome<void>();
  #stage: 'text' | 'showing' | 'over' = 'text';

  constructor(options: ReceivingMessageOptions) {
    this.#options = options;
    this.#link = new PeerLink(options.connection, 'sender');
  }

  get peer(): string {
    return this.#options.peer;
  }

  /** Empty until the text has arrived. */
  get name(): string {
    return this.#stage === 'text' ? '' : 'message';
  }

  get isOver(): boolean {
    return this.#stage === 'over';
  }

  /** Resolves when nothing more is to be done, however it ended. */
  get done(): Promise<void> {
    return this.#outcome.done;
  }

  onReadable(): void {
    const error = this.#link.read(() => this.#stage !== 'over', this.#onRecord);
    if (error !== undefined) this.#failAndClose(error);
    else if (this.#link.isReadFinished) this.#failAndClose(this.#link.endedEarly());
  }

  onWritable(): void {
    // What it writes is a few bytes.
  }

  onStalled(): void {
    // Nothing is expected but the end.
  }

  onResumed(): void {
    // See `onStalled`.
  }

  onClosed(): void {
    this.#end();
  }

  cancel(): void {
    this.#failAndClose(new TransferError('cancelled', 'cancelled by the receiver'));
    this.#options.wake();
  }

  readonly #onRecord = (type: number, body: Uint8Array): void => {
    const text = type === DIRECT_TEXT_RECORD ? decodeDirectText(body) : undefined;
    if (text === undefined || this.#stage !== 'text') {
      this.#failAndClose(this.#link.violation('something else than one text'));
      return;
    }
    this.#stage = 'showing';
    void this.#show(text);
  };

  async #show(text: string): Promise<void> {
    let error: TransferError | undefined;
    try {
      await this.#options.show(text);
    } catch (cause) {
      error = asTransferError(cause);
    }
    // It may have been cancelled, or the sender may have gone, while it was shown.
    if (this.isOver) return;
    if (error === undefined) {
      this.#link.write(MessageType.done, NOTHING);
      this.#link.flush();
      this.#link.connection.finish();
    } else {
      this.#link.sayLast(MessageType.reject, error);
    }
    this.#end();
    this.#options.wake();
  }

  #failAndClose(error: TransferError): void {
    if (this.#stage === 'over') return;
    this.#link.close(error);
    this.#end();
  }

  #end(): void {
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    this.#outcome.resolve();
  }
}

const NOTHING = new Uint8Array(0);
