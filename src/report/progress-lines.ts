import { formatAmount, formatBytes, formatRate } from '../text/measures.ts';
import { safeLine, type SafeText } from '../text/safe-text.ts';
import type { StallReason, Transfer } from '../transfer/index.ts';

/** How often a running transfer is looked at. */
const LOOK_EVERY_MS = 250;
/** A line appears at each of these steps, or after this long without one. */
const STEP_PERCENT = 10;
const MAX_SILENCE_MS = 30_000;

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

/** `sending`, `receiving 20.0 MB` */
export function beginText({ direction, progress }: Transfer): string {
  if (direction === 'send') return 'sending';
  const { totalBytes } = progress;
  return `receiving ${totalBytes === undefined ? 'a stream' : formatBytes(totalBytes)}`;
}

/**
 * Progress as plain lines: at the start, every 10 % or 30 s, at the end. Stalls have a line of their
 * own. Watches until the transfer settles. `whole`: what it is called here.
 */
export function showProgress(
  transfer: Transfer,
  whole: string,
  warn: (line: SafeText) => void,
): void {
  let lastStep = 0;
  let lastLineAtMs = performance.now();
  let lastWaiting: string | undefined;
  const say = (text: string): void => {
    lastLineAtMs = performance.now();
    warn(safeLine`${whole}: ${text}`);
  };
  say(beginText(transfer));
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
    () => {
      end('100 %, verified');
    },
    () => {
      end('ended');
    },
  );
}
