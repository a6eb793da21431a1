import type {
  LimitCause,
  PartialTransfer,
  Transfer,
  TransferError,
  TransferResult,
  TransferErrorCode,
} from '../transfer/index.ts';

/** Of every event; more fields may come, none changes its meaning. */
interface EventOf<Type extends string> {
  readonly v: 1;
  readonly t: Type;
  /** Milliseconds since 1970. */
  readonly ms: number;
}

export interface TicketEvent extends EventOf<'ticket'> {
  readonly ticket: string;
  readonly addresses: readonly string[];
  readonly port: number;
}

/** What a transfer's events name it by. */
interface TransferEventOf<Type extends string> extends EventOf<Type> {
  readonly id: number;
}

export interface OfferEvent extends TransferEventOf<'offer'> {
  readonly direction: 'send' | 'receive';
  readonly peer: string;
  readonly name: string;
}

export interface ProgressEvent extends TransferEventOf<'progress'> {
  readonly bytes: number;
  /** Absent while a stream has not ended. */
  readonly totalBytes?: number;
  readonly bytesPerSec: number;
  readonly state: string;
}

export interface StalledEvent extends TransferEventOf<'stalled'> {
  readonly bytes: number;
  readonly stalledMs: number;
  readonly reason: string;
}

export interface DoneEvent extends TransferEventOf<'done'> {
  readonly bytes: number;
  readonly files: number;
  readonly elapsedMs: number;
  readonly items: readonly {
    readonly kind: 'file' | 'folder';
    readonly name: string;
    readonly path: string;
    readonly bytes: number;
    readonly files: number;
    readonly sha256?: string;
  }[];
  readonly failedCount: number;
  readonly failures: readonly {
    readonly name: string;
    readonly code: TransferErrorCode;
    readonly reason: string;
  }[];
  readonly limitedBy?: { readonly cause: LimitCause; readonly value: number };
  readonly packetsLost: number;
  readonly retransmittedBytes: number;
}

/** Without an id: of the command itself. */
export interface ErrorEvent extends EventOf<'error'> {
  readonly id?: number;
  /** As the sender gave it; of a transfer. */
  readonly name?: string;
  readonly code: TransferErrorCode | 'usage';
  readonly message: string;
  /** The exit code that stands for it. */
  readonly exit: number;
}

/** What an interrupted transfer has left. */
export interface PartialEvent extends EventOf<'partial'> {
  readonly name: string;
  readonly kind: 'file' | 'folder';
  readonly peer: string;
  readonly path: string;
  readonly heldBytes: number;
  /** Not of a folder. */
  readonly totalBytes?: number;
  readonly changedMs: number;
  readonly isReceiving: boolean;
}

export interface RemovedEvent extends EventOf<'removed'> {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

export type UpdEvent =
  | TicketEvent
  | OfferEvent
  | ProgressEvent
  | StalledEvent
  | DoneEvent
  | ErrorEvent
  | PartialEvent
  | RemovedEvent;

function head<Type extends string>(t: Type): EventOf<Type> {
  return { v: 1, t, ms: Date.now() };
}

export function ticketEvent(
  ticket: string,
  addresses: readonly string[],
  port: number,
): TicketEvent {
  return { ...head('ticket'), ticket, addresses, port };
}

export function offerEvent({ id, direction, peer, name }: Transfer): OfferEvent {
  return { ...head('offer'), id, direction, peer, name };
}

export function progressEvent({ id, state, progress }: Transfer): ProgressEvent {
  const { transferredBytes, totalBytes, bytesPerSec } = progress;
  return {
    ...head('progress'),
    id,
    bytes: transferredBytes,
    ...(totalBytes === undefined ? {} : { totalBytes }),
    bytesPerSec,
    state,
  };
}

export function stalledEvent({ id, progress }: Transfer): StalledEvent {
  const { transferredBytes, stalledMs, pauseReason, stallReason } = progress;
  const reason = pauseReason ?? stallReason ?? 'no-answer';
  return { ...head('stalled'), id, bytes: transferredBytes, stalledMs, reason };
}

export function doneEvent({ id }: Transfer, result: TransferResult): DoneEvent {
  const items = result.items.map(({ kind, name, path, totalBytes, fileCount, sha256 }) => ({
    ...{ kind, name, path, bytes: totalBytes, files: fileCount },
    ...(sha256 === undefined ? {} : { sha256 }),
  }));
  return {
    ...head('done'),
    id,
    bytes: result.totalBytes,
    files: result.fileCount,
    elapsedMs: result.elapsedMs,
    items,
    failedCount: result.failedCount,
    failures: result.failures,
    ...(result.limit && { limitedBy: result.limit }),
    packetsLost: result.packetsLostCount,
    retransmittedBytes: result.retransmittedBytes,
  };
}

export function partialEvent(partial: PartialTransfer): PartialEvent {
  const { name, kind, peer, path, heldBytes, totalBytes, changedAtMs, isWritten } = partial;
  return {
    ...head('partial'),
    ...{ name, kind, peer, path, heldBytes },
    ...(totalBytes === undefined ? {} : { totalBytes }),
    ...{ changedMs: changedAtMs, isReceiving: isWritten },
  };
}

export function removedEvent({ name, path, heldBytes }: PartialTransfer): RemovedEvent {
  return { ...head('removed'), name, path, bytes: heldBytes };
}

export function errorEvent(
  { code, message }: TransferError,
  exit: number,
  transfer?: Pick<Transfer, 'id' | 'name'>,
): ErrorEvent {
  const whose = transfer && { id: transfer.id, name: transfer.name };
  return { ...head('error'), ...whose, code, message, exit };
}

export function usageEvent(message: string, exit: number): ErrorEvent {
  return { ...head('error'), code: 'usage', message, exit };
}
