import { type ReachFinding, reachLines } from '../reach/reach-finding.ts';
import { safeLine, type SafeText } from '../text/safe-text.ts';
import {
  type ItemResult,
  type Transfer,
  TransferError,
  type TransferResult,
} from '../transfer/index.ts';
import { doneEvent, errorEvent } from './events.ts';
import { exitCodeOfError, exitCodes } from './exit-codes.ts';
import { missingPaths } from './missing-paths.ts';
import type { Receipts } from './receipt.ts';
import {
  deliveredLine,
  leftOutLines,
  receivedLine,
  skippedLinksLines,
  summaryLines,
  undeliveredLine,
  unreceivedLine,
} from './result-lines.ts';
import { asError, isResumable } from './transfer-failure.ts';
import {
  type TransferNames,
  TransferWatch,
  type WatchOptions,
  whatAndWhom,
} from './transfer-watch.ts';

export interface ReporterOptions extends WatchOptions {
  readonly receipts: Receipts;
  /** Says of an item that was received what `line` says. Default: a result. */
  readonly tellReceived?: (item: ItemResult, line: SafeText) => void;
}

/** A transfer to be told of. */
export interface Following extends TransferNames {
  /** The failure as it is told, from the failure as the engine gives it. */
  readonly explain: (error: TransferError) => TransferError;
  /**
   * Why the other side was not reached, should that be so: whoever reads the last lines only finds it
   * there, whatever was told before.
   */
  readonly findings?: (() => Promise<readonly ReachFinding[]>) | undefined;
  /** What becomes of what has arrived, should it fail with some; absent where nothing does. */
  readonly advice?: (() => SafeText) | undefined;
  /** Sending, of several files: how to send only what is missing when a part was delivered. */
  readonly resend?: Resend | undefined;
  /** Default: the one that stands for the failure. */
  readonly exitOf?: (error: TransferError) => number;
}

export interface Resend {
  /** That were sent. */
  readonly paths: readonly string[];
  /** `missing` of them; undefined when that cannot be told. */
  readonly advice: (missing: readonly string[] | undefined) => SafeText;
}

/** What never became a transfer. */
export type Unbegun = Pick<Transfer, 'direction' | 'peer' | 'name'> & { readonly id?: number };

/** How a transfer ended. */
export interface Followed {
  /** The failure is as it was told. */
  readonly outcome: TransferResult | TransferError;
  /** Its receipt could not be written; that was told. */
  readonly isUnwritten: boolean;
}

/**
 * Tells of transfers from their begin to their end, in lines, events and receipts: the same for
 * `upd send`, `upd receive` and the chat client.
 */
export class TransferReporter {
  readonly #options: ReporterOptions;
  readonly #watch: TransferWatch;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#watch = new TransferWatch(options);
  }

  /** Resolves when all was told. */
  async follow(transfer: Transfer, following: Following): Promise<Followed> {
    const startedAt = new Date();
    const { explain } = following;
    // A refused offer has its one line only.
    if (transfer.state !== 'failed') this.#watch.add(transfer, following);
    const ended = await transfer.done.catch(asError);
    const outcome = ended instanceof TransferError ? explain(ended) : ended;
    if (outcome instanceof TransferError) await this.#tellFailure(transfer, following, outcome);
    else this.#tellResult(transfer, following, outcome);
    return { outcome, isUnwritten: !this.#writeReceipt(transfer, outcome, startedAt) };
  }

  /** Tells of something that failed before it could become a transfer. */
  refuse(what: Unbegun, error: TransferError): void {
    const { sink } = this.#options;
    sink.problem(failureLine(what, what.peer, error));
    sink.event(errorEvent(error, exitCodeOfError(error.code), what));
    this.#writeReceipt(what, error, new Date());
  }

  async #tellFailure(
    transfer: Transfer,
    following: Following,
    error: TransferError,
  ): Promise<void> {
    const { sink } = this.#options;
    const findings = error.code === 'unanswered' ? ((await following.findings?.()) ?? []) : [];
    const { id, peer, advice, exitOf } = following;
    sink.problem(failureLine(transfer, peer, error));
    for (const line of findings.flatMap(reachLines)) sink.advice(line);
    const hasArrived = transfer.progress.transferredBytes > 0;
    if (advice !== undefined && isResumable(error) && hasArrived) sink.advice(advice());
    const exit = exitOf?.(error) ?? exitCodeOfError(error.code);
    const { name, progress } = transfer;
    sink.event(errorEvent(error, exit, { id, name, route: progress.route, findings }));
  }

  #tellResult(transfer: Transfer, { id, peer, resend }: Following, result: TransferResult): void {
    const { sink, isPeerNamed = false } = this.#options;
    const isSent = transfer.direction === 'send';
    const missing = resend && missingPaths(resend.paths, result);
    sink.event(doneEvent(result, id, missing));
    for (const item of result.items) {
      if (isSent) sink.result(deliveredLine(item, result, peer), 'good');
      else this.#tellReceived(item, receivedLine(item, peer));
    }
    for (const line of sink.isJson ? [] : summaryLines(result, transfer.direction)) {
      sink.note(isPeerNamed ? safeLine`${whatAndWhom(transfer, peer)}: ${line}` : line);
    }
    const lineOf = (name: string, reason: string): SafeText =>
      isSent ? undeliveredLine(name, peer, reason) : unreceivedLine(name, peer, reason);
    for (const line of leftOutLines(result, lineOf)) sink.problem(line);
    for (const line of skippedLinksLines(result)) sink.note(line);
    if (result.failedCount > 0 && missing?.length !== 0 && resend) {
      sink.advice(resend.advice(missing));
    }
  }

  #tellReceived(item: ItemResult, line: SafeText): void {
    const { sink, tellReceived } = this.#options;
    if (tellReceived === undefined) sink.result(line, 'good');
    else tellReceived(item, line);
  }

  #writeReceipt(
    transfer: Unbegun | Transfer,
    outcome: TransferResult | TransferError,
    startedAt: Date,
  ): boolean {
    const { sink, receipts } = this.#options;
    try {
      receipts.write(transfer, outcome, startedAt);
      return true;
    } catch (error) {
      sink.failure(asError(error), exitCodes.localFile);
      return false;
    }
  }
}

function failureLine(
  { direction, name }: Pick<Transfer, 'direction' | 'name'>,
  peer: string,
  { message }: TransferError,
): SafeText {
  return direction === 'send'
    ? undeliveredLine(name, peer, message)
    : unreceivedLine(name, peer, message);
}
