import { formatAmount, formatDuration, formatRate } from '../text/measures.ts';
import { safeLine, type SafeText, safeText } from '../text/safe-text.ts';
import type { Transfer } from '../transfer/index.ts';
import { stallReasonText } from '../report/progress-lines.ts';
import { routeText } from '../report/result-lines.ts';

/** What `XFR` shows and `CAN` cancels: from when it was asked for until its last line was said. */
export interface ListedTransfer {
  readonly direction: 'send' | 'receive';
  readonly peer: string;
  readonly name: string;
  /** Undefined while it waits for its turn. */
  readonly transfer: () => Transfer | undefined;
  /** What it waits for; its turn when absent. */
  readonly waitsFor?: string;
  readonly cancel: () => void;
}

/** An entry on the list. */
export interface Listing {
  readonly id: number;
  /** Takes it off. */
  readonly unlist: () => void;
}

/** The transfers of one client, numbered in the order in which they came. */
export class TransferList {
  readonly #entries: Map<number, ListedTransfer> = new Map();
  #lastId = 0;

  add(entry: ListedTransfer): Listing {
    const id = ++this.#lastId;
    this.#entries.set(id, entry);
    const unlist = (): void => {
      this.#entries.delete(id);
    };
    return { id, unlist };
  }

  /** Cancels one, in either direction. */
  cancel(id: number): SafeText {
    const entry = this.#entries.get(id);
    if (entry === undefined) return safeLine`There is no transfer #${id}. XFR lists them.`;
    entry.cancel();
    return safeLine`Transfer #${id} is being cancelled.`;
  }

  /** A line each; `checkCodeOf` gives what the two people can compare. */
  async lines(
    checkCodeOf: (user: string) => Promise<string | undefined>,
  ): Promise<readonly SafeText[]> {
    // Whoever has read that one is over is not shown it any more.
    const entries = [...this.#entries].filter(([, entry]) => !isOver(entry.transfer()));
    if (entries.length === 0) return [NO_TRANSFER];
    const codes = new Map<string, string | undefined>();
    for (const [, { peer }] of entries) {
      if (!codes.has(peer)) codes.set(peer, await checkCodeOf(peer));
    }
    return entries.map(([id, entry]) => lineOf(id, entry, codes.get(entry.peer)));
  }
}

function isOver(transfer: Transfer | undefined): boolean {
  return transfer?.state === 'done' || transfer?.state === 'failed';
}

const NO_TRANSFER: SafeText = safeText('no transfer');
const UNKNOWN = '-';

/** `#2, from derek, movie.mp4, 12.1 MB of 20.0 MB, 50.6 MB/s, 0.2 s left, running, check code lusab-…` */
function lineOf(id: number, entry: ListedTransfer, code: string | undefined): SafeText {
  const { direction, peer, name } = entry;
  const { state, bytes, rate, left } = standingOf(entry);
  const whom = `${direction === 'send' ? 'to' : 'from'} ${peer}`;
  const route = entry.transfer()?.progress.route;
  const way = route === undefined ? '' : `, ${routeText(route, direction)}`;
  return safeLine`#${id}, ${whom}, ${name}, ${bytes}, ${rate}, ${left} left, ${state}, check code ${code ?? UNKNOWN}${way}`;
}

interface Standing {
  readonly state: string;
  readonly bytes: string;
  readonly rate: string;
  readonly left: string;
}

function standingOf(entry: ListedTransfer): Standing {
  const transfer = entry.transfer();
  if (transfer === undefined) {
    const state = entry.waitsFor === undefined ? 'waiting' : `waiting for ${entry.waitsFor}`;
    return { state, bytes: UNKNOWN, rate: UNKNOWN, left: UNKNOWN };
  }
  const { transferredBytes, totalBytes, bytesPerSec } = transfer.progress;
  const leftMs =
    totalBytes === undefined ? undefined : ((totalBytes - transferredBytes) * 1000) / bytesPerSec;
  return {
    state: stateText(transfer),
    bytes: formatAmount(transferredBytes, totalBytes),
    rate: formatRate(bytesPerSec),
    left: bytesPerSec > 0 && leftMs !== undefined ? formatDuration(leftMs) : UNKNOWN,
  };
}

function stateText({ state, progress }: Transfer): string {
  if (state === 'paused' && progress.pauseReason === 'no-space') return 'paused (disk full)';
  if (state !== 'stalled') return state;
  const seconds = `stalled ${Math.round(progress.stalledMs / 1000)}s`;
  return progress.stallReason === undefined
    ? seconds
    : `${seconds} (${stallReasonText(progress.stallReason)})`;
}
