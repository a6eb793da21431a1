import type { TransportConnection } from '../core/index.ts';
import { ReceivingMessage } from '../files/receiving/receiving-message.ts';
import { SendingMessage } from '../files/sending/sending-message.ts';
import { TransferError } from '../files/transfer-error.ts';
import type { SocketEngine } from './udp/socket-engine.ts';
import type { MessageListener } from './transfer-endpoint.ts';

/** The direct messages of an endpoint that are on their way; what comes in is bounded by its connections. */
export class DirectMessages {
  readonly #running: Set<SendingMessage | ReceivingMessage> = new Set();
  #listener: MessageListener | undefined;

  listen(listener: MessageListener): void {
    this.#listener = listener;
  }

  /** `open` begins a connection for the message and resolves with its engine and handle. */
  send(
    text: string,
    open: (message: SendingMessage) => Promise<readonly [SocketEngine, number]>,
  ): SendingMessage {
    let engine: SocketEngine | undefined;
    const message = new SendingMessage(text, () => engine?.wake());
    this.#running.add(message);
    const forget = (): boolean => this.#running.delete(message);
    message.done.then(forget, forget);
    if (message.isOver) return message;
    open(message).then(
      ([opened, handle]) => {
        engine = opened;
        // One that ends before its connection opened wants none.
        message.done.catch(() => {
          opened.abandon(handle);
        });
      },
      (error: unknown) => {
        message.fail(
          error instanceof TransferError
            ? error
            : new TransferError('cancelled', 'the endpoint is closed'),
        );
      },
    );
    return message;
  }

  /** The user of a connection that was introduced for a message. */
  receive(connection: TransportConnection, from: string, wake: () => void): ReceivingMessage {
    const message = new ReceivingMessage({
      peer: from,
      connection,
      show: async (text) => {
        if (this.#listener === undefined) {
          throw new TransferError('refused', 'nobody reads messages here');
        }
        await this.#listener({ from, text });
      },
      wake,
    });
    this.#running.add(message);
    void message.done.then(() => this.#running.delete(message));
    return message;
  }

  cancelAll(): void {
    for (const message of this.#running) message.cancel();
  }
}
