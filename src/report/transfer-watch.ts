import type { Transfer } from '../transfer/index.ts';
import { offerEvent, progressEvent, stalledEvent } from './events.ts';
import { showProgress } from './progress-lines.ts';
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
  readonly bars?: { add(transfer: Transfer): void } | undefined;
}

/** Shows how far transfers are: as events, as bars on a screen, or as plain lines. */
export class TransferWatch {
  readonly #options: WatchOptions;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Until it settles. */
  add(transfer: Transfer, { id, peer }: TransferNames): void {
    const { sink, isShown, bars } = this.#options;
    sink.event(offerEvent(transfer, id));
    if (!isShown || sink.isQuiet) return;
    if (sink.isJson) this.#tell(transfer, id);
    if (bars !== undefined) bars.add(transfer);
    else if (!sink.isJson) {
      showProgress(transfer, peer, (line) => {
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
