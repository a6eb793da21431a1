import type { NamedStream } from '../files/byte-stream.ts';
import type { OfferedFile, ReceiveAnswer } from '../files/receiving/receive-policy.ts';
import type { TransferError } from '../files/transfer-error.ts';
import type { EngineTransfer, Introduction, SocketAddress } from '../files/transfer.ts';
import type { IntroducedPeer } from './ticket/send-target.ts';
import type {
  EndpointOptions,
  IntroductionPurpose,
  MessageListener,
  MessageRequest,
  OpeningNotes,
  SentMessage,
  TicketOptions,
} from './transfer-endpoint.ts';

/** As `EndpointOptions`, with streams as the engine has them. */
export interface EngineOptions extends Omit<EndpointOptions, 'onOffer'> {
  readonly onOffer?: (offer: OfferedFile) => ReceiveAnswer | Promise<ReceiveAnswer>;
  /** The trace cannot be written any further. */
  readonly onTraceFailed?: (error: TransferError) => void;
}

/** Whom to send to; a ticket opens many connections, so another OPEN may follow one without an answer. */
export type EnginePeer = IntroducedPeer & { readonly isTicket: boolean };

/** What the engine sends: what lies at paths, or one stream. */
export type EngineSendRequest = EnginePeer &
  ({ readonly paths: readonly string[] } | { readonly stream: NamedStream });

/** What `TransferEndpoint` is made of, in the engine's thread: nothing is emitted here. */
export interface EngineEndpoint {
  readonly address: SocketAddress;
  readonly publicKey: string;
  readonly receiveBufferBytes: number;
  readonly transfers: readonly EngineTransfer[];
  expect(introduction: Introduction, from: string, purpose?: IntroductionPurpose): void;
  ticket(options?: TicketOptions): string;
  send(request: EngineSendRequest): EngineTransfer;
  sendMessage(request: MessageRequest): SentMessage;
  openingNotes(keyId: string): Promise<OpeningNotes>;
  /** The one listener of direct messages; without it they are refused. */
  onMessage(listener: MessageListener): void;
  /**
   * Called for each incoming transfer once its offer was accepted, waits for room on the disk (`paused`),
   * or was refused: then it is `failed` from the start.
   */
  onReceive(listener: (transfer: EngineTransfer) => void): void;
  close(): Promise<void>;
}
