import { engineHere } from './io/engine/engine-here.ts';
import { startEngineThread } from './io/engine/engine-thread.ts';
import { ThreadedEndpoint } from './io/engine/threaded-endpoint.ts';
import type { EndpointOptions, TransferEndpoint } from './io/transfer-endpoint.ts';

/**
 * An endpoint on one UDP port that sends and receives files. Rejects with a `TransferError` when the
 * port cannot be used. Several may live in one process.
 *
 * Its engine runs on a thread of its own, which ends with `close`, so a busy caller delays no datagram.
 * With a `createSocket` it runs in the caller's thread: functions cannot cross.
 */
export async function createEndpoint(options: EndpointOptions = {}): Promise<TransferEndpoint> {
  const { createSocket, ...rest } = options;
  const engine = createSocket === undefined ? startEngineThread() : engineHere(createSocket);
  return ThreadedEndpoint.create(rest, engine);
}

export { listPartials, removePartial } from './io/disk/partials.ts';
export type { PartialTransfer } from './io/disk/partials.ts';
export { readTicket } from './io/ticket/send-target.ts';
export type {
  IntroducedPeer,
  SendTarget,
  TicketContent,
  TicketHolder,
} from './io/ticket/send-target.ts';
export type { ConflictPolicy } from './files/disk.ts';
export { TransferError, transferErrorCodes } from './files/transfer-error.ts';
export type { TransferErrorCode } from './files/transfer-error.ts';
export type {
  EntryFailure,
  FileResult,
  Introduction,
  ItemResult,
  PauseReason,
  SocketAddress,
  StallReason,
  TransferProgress,
  TransferResult,
  TransferRoute,
  TransferState,
} from './files/transfer.ts';
export { TraceReplay } from './trace/trace-replay.ts';
export type { RecordedEvent, ReplayDifference, ReplayedGroup } from './trace/trace-replay.ts';
export { limitCauses } from './files/transfer-limit.ts';
export type { LimitCause, TransferLimit } from './files/transfer-limit.ts';
export type {
  CongestionName,
  DirectMessage,
  EndpointEvents,
  EndpointOptions,
  IntroductionPurpose,
  MessageListener,
  MessageRequest,
  Offer,
  OfferAnswer,
  OpeningCounts,
  OpeningNotes,
  SendContent,
  SendOptions,
  SendRequest,
  TicketOptions,
  SentMessage,
  Transfer,
  TransferEndpoint,
  TransferEvents,
} from './io/transfer-endpoint.ts';
