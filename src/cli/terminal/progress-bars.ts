import { columnsOf, cutToColumns } from '../../text/columns.ts';
import { formatAmount, formatDuration, formatRate } from '../../text/measures.ts';
import { safeText } from '../../text/safe-text.ts';
import type { StallReason, Transfer } from '../../transfer/index.ts';
import type { Bar, BarBoard } from './screen-foot.ts';

/** Redraws a second at most. */
export const MAX_DRAWS_PER_SEC = 10;
/** Bars drawn at once; a line says how many more there are. */
const MAX_BARS = 8;
const MIN_NAME_COLUMNS = 8;
const MAX_NAME_COLUMNS = 30;
const MIN_BAR_COLUMNS = 10;
const MAX_BAR_COLUMNS = 30;

/** A bar for each transfer that runs: name, bytes, %, rate and ETA, or why it waits. */
export class ProgressBars {
  readonly #board: BarBoard;
  /** What each is called. */
  readonly #labels: Map<Transfer, string> = new Map();
  #shown: readonly Bar[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(board: BarBoard) {
    this.#board = board;
  }

  /** Until it settles. The label may be what other people wrote. */
  add(transfer: Transfer, label: string): void {
    this.#labels.set(transfer, label);
    this.#timer ??= setInterval(() => {
      this.#draw();
    }, 1000 / MAX_DRAWS_PER_SEC);
    const forget = (): void => {
      this.#labels.delete(transfer);
      // Others are drawn without it when their time comes.
      if (this.#labels.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#shown = [];
      this.#board.show([]);
    };
    transfer.done.then(forget, forget);
  }

  #draw(): void {
    const { columns, room } = this.#board;
    const isAllShown = this.#labels.size <= Math.min(MAX_BARS, room);
    const shownCount = isAllShown ? this.#labels.size : Math.min(MAX_BARS, room - 1);
    const bars: Bar[] = [...this.#labels]
      .slice(0, Math.max(0, shownCount))
      .map(([transfer, label]) => ({
        text: barLine(transfer, label, columns),
        tone: isWaiting(transfer) ? 'caution' : undefined,
      }));
    if (!isAllShown && room > 0) {
      const hiddenCount = this.#labels.size - bars.length;
      bars.push({ text: `and ${hiddenCount} more`.slice(0, Math.max(0, columns - 1)) });
    }
    if (isSame(bars, this.#shown)) return;
    this.#shown = bars;
    this.#board.show(bars);
  }
}

function isSame(some: readonly Bar[], others: readonly Bar[]): boolean {
  return (
    some.length === others.length && some.every(({ text }, index) => text === others[index]!.text)
  );
}

function isWaiting({ state }: Transfer): boolean {
  return state === 'stalled' || state === 'paused';
}

/** One transfer in less than `columns` columns. */
export function barLine(transfer: Transfer, label: string, columns: number): string {
  const { transferredBytes, totalBytes, bytesPerSec } = transfer.progress;
  // 100 % is for what the other side has verified.
  const isUnknown = totalBytes === undefined;
  const part = isUnknown || totalBytes === 0 ? 0 : Math.min(0.99, transferredBytes / totalBytes);
  const percent = isUnknown ? '' : `${String(Math.floor(part * 100)).padStart(3)} %`;
  const waiting = waitingText(transfer);
  const amount = formatAmount(transferredBytes, totalBytes);
  const tail = waiting ?? `${formatRate(bytesPerSec)}${etaText(transfer)}`;
  // What does not fit is left out, the least important first.
  const roomFor = (...parts: readonly string[]): boolean =>
    MIN_NAME_COLUMNS + parts.reduce((sum, text) => sum + 2 + text.length, 0) < columns;
  let parts: string[] = [];
  const way = wayText(transfer);
  if (roomFor(NAME_AND_BAR, percent, amount, tail, way)) parts = [percent, amount, tail, way];
  else if (roomFor(percent, amount, tail)) parts = [percent, amount, tail];
  else if (roomFor(percent, tail)) parts = [percent, tail];
  else if (roomFor(percent)) parts = [percent];
  parts = parts.filter((text) => text !== '');
  const spare = columns - 1 - parts.reduce((sum, text) => sum + 2 + text.length, 0);
  const name = safeText(label);
  const nameNeeds = Math.min(MAX_NAME_COLUMNS, columnsOf(name));
  const barColumns = Math.min(
    MAX_BAR_COLUMNS,
    spare - 2 - Math.max(MIN_NAME_COLUMNS + 10, nameNeeds),
  );
  if (barColumns >= MIN_BAR_COLUMNS && !isUnknown) parts.unshift(drawBar(part, barColumns));
  const used = parts.reduce((sum, text) => sum + 2 + text.length, 0);
  const nameColumns = Math.min(MAX_NAME_COLUMNS, Math.max(0, columns - 1 - used));
  return [cutToColumns(name, nameColumns), ...parts].join('  ');
}

/** A longer name and a bar find room before the way does. */
const NAME_AND_BAR: string = ' '.repeat(10 + MIN_BAR_COLUMNS);

/** `direct, 40.1 ms`, there and back. */
function wayText({ progress: { route } }: Transfer): string {
  if (route === undefined) return '';
  const { roundTripMs } = route;
  return roundTripMs === undefined ? 'direct' : `direct, ${roundTripMs.toFixed(1)} ms`;
}

function waitingText({ state, progress }: Transfer): string | undefined {
  switch (state) {
    case 'waiting':
    case 'opening':
      return 'connecting';
    case 'stalled':
      return stalledText(progress);
    case 'paused':
      return progress.pauseReason === 'no-space' ? 'paused: disk full' : 'paused';
    case 'checking':
      return 'checking';
    default:
      return undefined;
  }
}

/** Of two words at most, as a bar has room for. */
function stalledText({ stalledMs, stallReason }: Transfer['progress']): string {
  const seconds = `stalled ${Math.round(stalledMs / 1000)}s`;
  return stallReason === undefined ? seconds : `${seconds}: ${shortReasons[stallReason]}`;
}

const shortReasons: Readonly<Record<StallReason, string>> = {
  'no-answer': 'no answer',
  'not-accepted': 'not accepted',
  sender: 'by the sender',
  receiver: 'by the receiver',
};

function etaText({ progress }: Transfer): string {
  const { transferredBytes, totalBytes, bytesPerSec } = progress;
  if (bytesPerSec <= 0 || totalBytes === undefined || totalBytes === 0) return '';
  return `  ETA ${formatDuration(((totalBytes - transferredBytes) * 1000) / bytesPerSec)}`;
}

function drawBar(part: number, columns: number): string {
  const full = Math.floor(part * (columns - 2));
  return `[${'#'.repeat(full)}${'-'.repeat(columns - 2 - full)}]`;
}
