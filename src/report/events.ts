import type {
  LimitCause,
  Offer,
  PartialTransfer,
  Transfer,
  TransferError,
  TransferResult,
  TransferErrorCode,
  TransferRoute,
} from '../transfer/index.ts';
import type { ReachFinding } from '../reach/reach-finding.ts';
import { exitCodeOfResult } from './exit-codes.ts';
import { type RouteFacts, routeFacts } from './route-facts.ts';

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
  /** Absent until the connection is open. */
  readonly route?: RouteFacts;
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
  /** The way that it took, as it was at the end. */
  readonly route?: RouteFacts;
  /** 0, or 23 when some of it was not delivered. */
  readonly exit: number;
  /** send, with 23: the paths with which the same command sends only what is missing. */
  readonly resend?: readonly string[];
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
  /** Of a transfer that was connected: the way that it took. */
  readonly route?: RouteFacts;
  /** Why the other side was not reached, as likely as can be told; absent where nothing is known. */
  readonly likely?: readonly LikelyCause[];
}

/** What is most likely in the way of datagrams, and what opens it. */
export interface LikelyCause {
  readonly cause: ReachFinding['cause'];
  readonly message: string;
  /** What to do, a command or a step each. */
  readonly next: readonly string[];
}

/** The other side is not reached, or does not reach this one, for some seconds; it is tried on. */
export interface UnreachedEvent extends EventOf<'unreached'> {
  /** `send`: nobody answers this side; `receive`: somebody sends in vain to it. */
  readonly direction: 'send' | 'receive';
  readonly peer: string;
  readonly likely: readonly LikelyCause[];
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

/** An offer that waits for YES or NO (`upd client --confirm`). */
export interface QuestionEvent extends TransferEventOf<'question'> {
  readonly peer: string;
  readonly name: string;
  readonly kind: 'file' | 'folder';
  /** Absent of a stream. */
  readonly bytes?: number;
}

/** A line of the chat client that is about no transfer. */
export interface TextEvent extends EventOf<'text'> {
  readonly text: string;
}

export type UpdEvent =
  | TicketEvent
  | OfferEvent
  | ProgressEvent
  | StalledEvent
  | DoneEvent
  | ErrorEvent
  | UnreachedEvent
  | PartialEvent
  | RemovedEvent
  | QuestionEvent
  | TextEvent;

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

export function offerEvent({ direction, peer, name }: Transfer, id: number): OfferEvent {
  return { ...head('offer'), id, direction, peer, name };
}

export function progressEvent({ state, progress }: Transfer, id: number): ProgressEvent {
  const { transferredBytes, totalBytes, bytesPerSec } = progress;
  return {
    ...head('progress'),
    id,
    bytes: transferredBytes,
    ...(totalBytes === undefined ? {} : { totalBytes }),
    bytesPerSec,
    state,
    ...routeFacts(progress.route),
  };
}

export function stalledEvent({ progress }: Transfer, id: number): StalledEvent {
  const { transferredBytes, stalledMs, pauseReason, stallReason } = progress;
  const reason = pauseReason ?? stallReason ?? 'no-answer';
  return { ...head('stalled'), id, bytes: transferredBytes, stalledMs, reason };
}

export function doneEvent(
  result: TransferResult,
  id: number,
  resend: readonly string[] = [],
): DoneEvent {
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
    ...routeFacts(result.route),
    exit: exitCodeOfResult(result),
    ...(resend.length === 0 ? {} : { resend }),
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

export function questionEvent({ from, name, kind, sizeBytes }: Offer, id: number): QuestionEvent {
  const bytes = sizeBytes === undefined ? {} : { bytes: sizeBytes };
  return { ...head('question'), id, peer: from, name, kind, ...bytes };
}

export function textEvent(text: string): TextEvent {
  return { ...head('text'), text };
}

/** Of which transfer an error is told. */
export interface FailedTransfer {
  readonly id?: number;
  readonly name: string;
  readonly route?: TransferRoute | undefined;
  /** Nothing where the other side was reached. */
  readonly findings?: readonly ReachFinding[];
}

export function errorEvent(
  { code, message }: TransferError,
  exit: number,
  transfer?: FailedTransfer,
): ErrorEvent {
  const { id, name, route, findings = [] } = transfer ?? {};
  const whose = { ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { name }) };
  const likely = findings.length === 0 ? {} : { likely: findings.map(likelyCause) };
  return { ...head('error'), ...whose, code, message, exit, ...routeFacts(route), ...likely };
}

export function unreachedEvent(
  direction: UnreachedEvent['direction'],
  peer: string,
  findings: readonly ReachFinding[],
): UnreachedEvent {
  return { ...head('unreached'), direction, peer, likely: findings.map(likelyCause) };
}

function likelyCause({ cause, text, steps }: ReachFinding): LikelyCause {
  return { cause, message: text, next: steps };
}

export function usageEvent(message: string, exit: number): ErrorEvent {
  return { ...head('error'), code: 'usage', message, exit };
}
