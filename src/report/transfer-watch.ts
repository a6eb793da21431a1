import type { Transfer } from '../transfer/index.ts';
import { offerEvent, progressEvent, stalledEvent } from './events.ts';
import { safeLine } from '../text/safe-text.ts';
import { beginText, showProgress } from './progress-lines.ts';
import type { ReportSink } from './report-sink.ts';

/** Between two `progress` events of one transfer. */
const EVENT_EVERY_MS = 500;

/** What people and scripts call a transfer. */
export interface TransferNames {
  /** Of its events. */
  readonly id: number;
  readonly peer: string;
}

export interface WatchOptions {
  readonly sink: ReportSink;
  /** False with `--no-progress`. */
  readonly isShown: boolean;
  /** Bars on a screen, in place of lines. */
  readonly bars?: { add(transfer: Transfer, label: string): void } | undefined;
  /** Transfers with several people run side by side: bars and summaries say with whom. */
  readonly isPeerNamed?: boolean;
}

/** Shows how far transfers are: as events, as bars on a screen, or as plain lines. */
export class TransferWatch {
  readonly #options: WatchOptions;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Until it settles. */
  add(transfer: Transfer, { id, peer }: TransferNames): void {
    const { sink, isShown, bars, isPeerNamed = false } = this.#options;
    sink.event(offerEvent(transfer, id));
    if (!isShown || sink.isQuiet) return;
    if (sink.isJson) this.#tell(transfer, id);
    const whole = whatAndWhom(transfer, peer);
    if (bars !== undefined) {
      // A bar moves below other lines; that somebody sends something stays to be read.
      if (transfer.direction === 'receive') sink.note(safeLine`${whole}: ${beginText(transfer)}`);
      bars.add(transfer, isPeerNamed ? `#${id} ${whomAndWhat(transfer, peer)}` : transfer.name);
    } else if (!sink.isJson) {
      showProgress(transfer, whole, (line) => {
        sink.note(line);
      });
    }
  }

  #tell(transfer: Transfer, id: number): void {
    const { sink } = this.#options;
    let wasWaiting = false;
    let toldBytes = -1;
    const timer = setInterval(() => {
      const isWaiting = transfer.state === 'stalled' || transfer.state === 'paused';
      if (isWaiting && !wasWaiting) sink.event(stalledEvent(transfer, id));
      wasWaiting = isWaiting;
      if (transfer.progress.transferredBytes === toldBytes) return;
      toldBytes = transfer.progress.transferredBytes;
      sink.event(progressEvent(transfer, id));
    }, EVENT_EVERY_MS);
    const end = (): void => {
      clearInterval(timer);
    };
    transfer.done.then(end, end);
  }
}

/** `movie.mp4 to jess`. Not safe to print. */
export function whatAndWhom({ name, direction }: Transfer, peer: string): string {
  return `${name} ${direction === 'send' ? 'to' : 'from'} ${peer}`;
}

/** `to jess: movie.mp4`, so that a long name is cut at its end. Not safe to print. */
function whomAndWhat({ name, direction }: Transfer, peer: string): string {
  return `${direction === 'send' ? 'to' : 'from'} ${peer}: ${name}`;
}
