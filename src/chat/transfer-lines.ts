import assert from 'node:assert/strict';
import {
  formatAmount,
  formatBytes,
  formatDuration,
  formatRate,
  formatTransfer,
} from '../text/measures.ts';
import { safeLine, type SafeText } from '../text/safe-text.ts';
import {
  type ItemResult,
  type StallReason,
  type Transfer,
  TransferError,
  type TransferLimit,
  type TransferResult,
} from '../transfer/index.ts';

/** How often a running transfer is looked at. */
const LOOK_EVERY_MS = 250;
/** A line appears at each of these steps, or after this long without one. */
const STEP_PERCENT = 10;
const MAX_SILENCE_MS = 30_000;

/** `movie.mp4 has been delivered to jess (SIZE in TIME, RATE).`, of a folder also how many files. */
export function deliveredLine({ peer }: Transfer, result: TransferResult): SafeText {
  const { name, totalBytes } = itemOf(result);
  const measures = formatTransfer(totalBytes, result.elapsedMs);
  return safeLine`${name} has been delivered to ${peer} (${filesText(result)}${measures}).`;
}

/** `Received movie.mp4 from derek (SIZE, stored as PATH).`, of a folder also how many files. */
export function receivedLine({ peer }: Transfer, result: TransferResult): SafeText {
  const { name, totalBytes, path } = itemOf(result);
  const size = formatBytes(totalBytes);
  return safeLine`Received ${name} from ${peer} (${filesText(result)}${size}, stored as ${path}).`;
}

/** One argument of `UPD` is one transfer, of one item. */
function itemOf({ items }: TransferResult): ItemResult {
  const [item] = items;
  assert(item !== undefined, 'what was delivered is listed');
  return item;
}

function filesText(result: TransferResult): string {
  const { kind, fileCount } = itemOf(result);
  return kind === 'folder' ? `${fileCount} files, ` : '';
}

/** What of a folder was not delivered while the rest was: a line each, and one for those not listed. */
export function leftOutLines(
  result: TransferResult,
  lineOf: (name: string, reason: string) => SafeText,
): readonly SafeText[] {
  const lines = result.failures.map(({ name, reason }) => lineOf(name, reason));
  const unlistedCount = result.failedCount - result.failures.length;
  return unlistedCount > 0
    ? [...lines, safeLine`${unlistedCount} more were not delivered.`]
    : lines;
}

/** Links inside a folder are no failures. */
export function skippedLinksLines({
  skippedLinks,
  skippedCount,
}: TransferResult): readonly SafeText[] {
  const lines = skippedLinks.map((name) => safeLine`${name} is a symbolic link: left out.`);
  const unlistedCount = skippedCount - skippedLinks.length;
  return unlistedCount > 0
    ? [...lines, safeLine`${unlistedCount} more symbolic links were left out.`]
    : lines;
}

/** `limited by: receiver disk 61.0 MB/s`; undefined where the other side did not say. */
export function limitLine({ limit }: TransferResult): SafeText | undefined {
  return limit && safeLine`limited by: ${limitText(limit)}`;
}

function limitText({ cause, value }: TransferLimit): string {
  switch (cause) {
    case 'receiver-disk':
      return `receiver disk ${formatRate(value)}`;
    case 'sender-disk':
      return `sender disk ${formatRate(value)}`;
    case 'receiver-window':
      return `receiver window ${formatRate(value)}`;
    case 'network-rate':
      return `network rate ${formatRate(value)}`;
    case 'loss':
      return `loss ${(value / 10).toFixed(1)} %`;
    case 'rate':
      return `--rate ${formatRate(value)}`;
    case 'window':
      return `--window ${value}`;
    case 'round-trip':
      return `round trip ${(value / 1000).toFixed(1)} ms`;
    case 'sender-cpu':
      return `CPU of the sender, ${(value / 10).toFixed(0)} % busy`;
    case 'receiver-cpu':
      return `CPU of the receiver, ${(value / 10).toFixed(0)} % busy`;
  }
}

/** `movie.mp4 could not be delivered to jess: REASON.` */
export function undeliveredLine(name: string, user: string, reason: string): SafeText {
  return safeLine`${name} could not be delivered to ${user}: ${sentence(reason)}`;
}

/** `movie.mp4 from derek was not received: REASON.` */
export function unreceivedLine(name: string, user: string, reason: string): SafeText {
  // Of an offer that cannot be read no name is known.
  const what = name === '' ? 'An offer' : name;
  return safeLine`${what} from ${user} was not received: ${sentence(reason)}`;
}

/**
 * Why a transfer with `peer` failed, as a clause. The engine says that nobody answered; how long it
 * waited is what it was told.
 */
export function failureReason(error: unknown, peer: string, giveUpMs: number): string {
  const { message } = error as Error;
  if (!(error instanceof TransferError) || error.code !== 'lost') return message;
  return `${peer} vanished ${formatDuration(giveUpMs)} ago`;
}

/** Why a transfer waits, as a clause; undefined while it goes on. */
function waitingReason({ state, progress }: Transfer): string | undefined {
  if (state === 'stalled') return stallReasonText(progress.stallReason);
  if (state !== 'paused') return undefined;
  return progress.pauseReason === 'no-space' ? "the receiver's disk is full" : 'by request';
}

/** `stalled 7s: no answer, trying again`, `paused: the receiver's disk is full` */
function waitingText({ state, progress }: Transfer, reason: string): string {
  if (state === 'paused') return `paused: ${reason}`;
  return `stalled ${Math.round(progress.stalledMs / 1000)}s: ${reason}`;
}

/** As a clause that says what the program does about it, where it does something. */
export function stallReasonText(reason: StallReason = 'no-answer'): string {
  switch (reason) {
    case 'no-answer':
      return 'no answer, trying again';
    case 'not-accepted':
      return 'the receiver has not accepted it yet';
    case 'sender':
      return 'the sender has nothing to send now';
    case 'receiver':
      return "the receiver's disk takes nothing now";
  }
}

function sentence(reason: string): string {
  return /[.!?]$/.test(reason) ? reason : `${reason}.`;
}

/**
 * Progress as plain lines: at the start, every 10 % or 30 s, at the end. Stalls have a line of their
 * own, and so has what limited it. Watches until the transfer settles. `peer`: how it is called here.
 */
export function showProgress(
  transfer: Transfer,
  warn: (line: SafeText) => void,
  peer: string = transfer.peer,
  isLimitShown = true,
): void {
  const isSending = transfer.direction === 'send';
  const whole = safeLine`${transfer.name} ${isSending ? 'to' : 'from'} ${peer}`;
  let lastStep = 0;
  let lastLineAtMs = performance.now();
  let lastWaiting: string | undefined;
  const say = (text: string): void => {
    lastLineAtMs = performance.now();
    warn(safeLine`${whole}: ${text}`);
  };
  const offeredBytes = transfer.progress.totalBytes;
  const what = offeredBytes === undefined ? 'a stream' : formatBytes(offeredBytes);
  say(isSending ? 'sending' : `receiving ${what}`);
  const look = (): void => {
    const { transferredBytes, totalBytes, bytesPerSec } = transfer.progress;
    const waiting = waitingReason(transfer);
    if (waiting !== lastWaiting) {
      lastWaiting = waiting;
      say(waiting === undefined ? 'goes on' : waitingText(transfer, waiting));
    }
    // 100 % is for what the other side has verified.
    const wholeBytes = totalBytes ?? Infinity;
    const percent = wholeBytes === 0 ? 0 : Math.min(99, (100 * transferredBytes) / wholeBytes);
    const step = Math.floor(percent / STEP_PERCENT);
    const isSilent = performance.now() - lastLineAtMs >= MAX_SILENCE_MS;
    if (totalBytes === 0 || (step <= lastStep && !isSilent)) return;
    lastStep = step;
    const amount = `${formatAmount(transferredBytes, totalBytes)}, ${formatRate(bytesPerSec)}`;
    say(totalBytes === undefined ? amount : `${Math.floor(percent)} % (${amount})`);
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  const end = (outcome: string): void => {
    clearInterval(timer);
    say(outcome);
  };
  transfer.done.then(
    (result) => {
      end('100 %, verified');
      if (isLimitShown && result.limit !== undefined) say(`limited by: ${limitText(result.limit)}`);
    },
    () => {
      end('ended');
    },
  );
}
