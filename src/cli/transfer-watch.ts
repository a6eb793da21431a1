import { showProgress } from '../report/progress-lines.ts';
import type { Transfer } from '../transfer/index.ts';
import type { CommandOutput } from './command-output.ts';
import { offerEvent, progressEvent, stalledEvent } from '../report/events.ts';
import { canDraw, ProgressBars } from './terminal/progress-bars.ts';

/** Between two `progress` events of one transfer. */
const EVENT_EVERY_MS = 500;

export interface WatchOptions {
  readonly output: CommandOutput;
  /** False with `--no-progress`. */
  readonly isShown: boolean;
  /** How the peer of a transfer is called. */
  readonly peerOf: (transfer: Transfer) => string;
}

/** Shows how far transfers are: as events, as bars on a screen, or as plain lines. */
export class TransferWatch {
  readonly #options: WatchOptions;
  readonly #bars: ProgressBars | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    const { output, isShown } = options;
    const isDrawn = isShown && !output.isQuiet && canDraw(process.stderr, process.env);
    if (isDrawn) {
      this.#bars = new ProgressBars(process.stderr);
      output.writeAbove = (write) => {
        this.#bars!.above(write);
      };
    }
  }

  /** Until it settles. */
  add(transfer: Transfer): void {
    const { output, isShown, peerOf } = this.#options;
    output.event(offerEvent(transfer));
    if (!isShown || output.isQuiet) return;
    if (output.isJson) this.#tell(transfer);
    if (this.#bars !== undefined) this.#bars.add(transfer);
    else if (!output.isJson) {
      showProgress(
        transfer,
        (line) => {
          output.note(line);
        },
        peerOf(transfer),
        false,
      );
    }
  }

  #tell(transfer: Transfer): void {
    const { output } = this.#options;
    let wasWaiting = false;
    let toldBytes = -1;
    const timer = setInterval(() => {
      const isWaiting = transfer.state === 'stalled' || transfer.state === 'paused';
      if (isWaiting && !wasWaiting) output.event(stalledEvent(transfer));
      wasWaiting = isWaiting;
      if (transfer.progress.transferredBytes === toldBytes) return;
      toldBytes = transfer.progress.transferredBytes;
      output.event(progressEvent(transfer));
    }, EVENT_EVERY_MS);
    const end = (): void => {
      clearInterval(timer);
    };
    transfer.done.then(end, end);
  }
}
