import { startEngineThread } from './io/engine-thread.ts';
import { ThreadedEndpoint } from './io/threaded-endpoint.ts';
import type { EndpointOptions, TransferEndpoint } from './io/transfer-endpoint.ts';
import { UdpTransferEndpoint } from './io/udp-transfer-endpoint.ts';

/**
 * An endpoint on one UDP port that sends and receives files. Rejects with a `TransferError` when the
 * port cannot be used. Several may live in one process.
 *
 * Its engine runs on a thread of its own, which ends with `close`, so a busy caller delays no datagram.
 * With a `createSocket` it runs in the caller's thread: functions cannot cross.
 */
export async function createEndpoint(options: EndpointOptions = {}): Promise<TransferEndpoint> {
  if (options.createSocket !== undefined) return UdpTransferEndpoint.create(options);
  return ThreadedEndpoint.create(options, startEngineThread());
}

export { readTicket } from './io/send-target.ts';
export type { IntroducedPeer, SendTarget, TicketContent, TicketHolder } from './io/send-target.ts';
export type { ConflictPolicy } from './files/disk.ts';
export { TransferError, transferErrorCodes } from './files/transfer-error.ts';
export type { TransferErrorCode } from './files/transfer-error.ts';
export type {
  EntryFailure,
  Introduction,
  ItemResult,
  PauseReason,
  SocketAddress,
  Transfer,
  StallReason,
  TransferProgress,
  TransferResult,
  TransferState,
} from './files/transfer.ts';
export type {
  CongestionName,
  DirectMessage,
  EndpointOptions,
  IntroductionPurpose,
  MessageListener,
  MessageRequest,
  Offer,
  SendOptions,
  SendRequest,
  TicketOptions,
  SentMessage,
  TransferEndpoint,
} from './io/transfer-endpoint.ts';
