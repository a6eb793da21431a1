import { formatAmount, formatDuration, formatRate } from '../../text/measures.ts';
import { safeText } from '../../text/safe-text.ts';
import type { StallReason, Transfer } from '../../transfer/index.ts';
import type { TerminalOutput } from './terminal-console.ts';

/** Redraws a second at most. */
export const MAX_DRAWS_PER_SEC = 10;
/** Bars drawn at once; a line says how many more there are. */
const MAX_BARS = 8;
const USUAL_COLUMNS = 80;
const MIN_NAME_COLUMNS = 8;
const MAX_NAME_COLUMNS = 30;
const MIN_BAR_COLUMNS = 10;
const MAX_BAR_COLUMNS = 30;

/** Whether bars can be drawn: on a screen that can wipe what was drawn. */
export function canDraw(
  output: TerminalOutput,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  return output.isTTY === true && environment['TERM'] !== 'dumb';
}

/**
 * A bar for each transfer that runs, at the end of a screen: name, bytes, %, rate and ETA, or why it
 * waits. Without colours, so that NO_COLOR has nothing to forbid.
 */
export class ProgressBars {
  readonly #screen: TerminalOutput;
  readonly #transfers: Set<Transfer> = new Set();
  #drawnRows = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(screen: TerminalOutput) {
    this.#screen = screen;
  }

  add(transfer: Transfer): void {
    this.#transfers.add(transfer);
    this.#timer ??= setInterval(() => {
      this.#draw();
    }, 1000 / MAX_DRAWS_PER_SEC);
    const forget = (): void => {
      this.#wipe();
      this.#transfers.delete(transfer);
      if (this.#transfers.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
    transfer.done.then(forget, forget);
  }

  /** Calls `write`, which writes whole lines; the bars come back below them. */
  above(write: () => void): void {
    this.#wipe();
    write();
  }

  #draw(): void {
    this.#wipe();
    const columns = this.#screen.columns ?? USUAL_COLUMNS;
    const shown = [...this.#transfers].slice(0, MAX_BARS);
    const lines = shown.map((transfer) => barLine(transfer, columns));
    const hiddenCount = this.#transfers.size - shown.length;
    if (hiddenCount > 0) lines.push(`and ${hiddenCount} more`.slice(0, columns - 1));
    this.#screen.write(lines.join('\n'));
    this.#drawnRows = lines.length;
  }

  #wipe(): void {
    if (this.#drawnRows === 0) return;
    const up = this.#drawnRows > 1 ? `\u001b[${this.#drawnRows - 1}A` : '';
    this.#screen.write(`${up}\r\u001b[J`);
    this.#drawnRows = 0;
  }
}

/** One transfer in less than `columns` columns. */
export function barLine(transfer: Transfer, columns: number): string {
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
  if (roomFor(percent, amount, tail)) parts = [percent, amount, tail];
  else if (roomFor(percent, tail)) parts = [percent, tail];
  else if (roomFor(percent)) parts = [percent];
  const spare = columns - 1 - parts.reduce((sum, text) => sum + 2 + text.length, 0);
  const barColumns = Math.min(MAX_BAR_COLUMNS, spare - MIN_NAME_COLUMNS - 12);
  parts = parts.filter((text) => text !== '');
  if (barColumns >= MIN_BAR_COLUMNS && !isUnknown) parts.unshift(drawBar(part, barColumns));
  const used = parts.reduce((sum, text) => sum + 2 + text.length, 0);
  const nameColumns = Math.min(MAX_NAME_COLUMNS, Math.max(0, columns - 1 - used));
  return [fitName(transfer.name, nameColumns), ...parts].join('  ');
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

/** The first code point that may be two columns wide: those below never are. */
const FIRST_WIDE = 0x1100;

/** A name in exactly `columns` columns, or at least in no more. */
function fitName(name: string, columns: number): string {
  const widthOf = (character: string): number => (character.codePointAt(0)! < FIRST_WIDE ? 1 : 2);
  let width = 0;
  let fitted = '';
  const characters = Array.from(safeText(name));
  for (const [index, character] of characters.entries()) {
    const isLast = index === characters.length - 1;
    if (width + widthOf(character) + (isLast ? 0 : 1) > columns) {
      return columns > width ? `${fitted}…` : fitted;
    }
    fitted += character;
    width += widthOf(character);
  }
  return fitted;
}
