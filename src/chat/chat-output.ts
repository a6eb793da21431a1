import { errorEvent, type UpdEvent } from '../report/events.ts';
import type { ReportSink } from '../report/report-sink.ts';
import { safeLine, type SafeText } from '../text/safe-text.ts';
import type { Tone } from '../text/tone.ts';
import type { TransferError } from '../transfer/index.ts';
import type { ClientConsole } from './core/client-console.ts';

export interface ChatOutputOptions {
  readonly console: ClientConsole;
  /** With `--quiet`. */
  readonly isQuiet?: boolean | undefined;
  /** With `--json`: takes an event to stdout. */
  readonly onEvent?: ((event: UpdEvent) => void) | undefined;
}

/** What the chat client says of transfers: deliveries and failures on stdout, all else on stderr. */
export class ChatOutput implements ReportSink {
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly #options: ChatOutputOptions;

  constructor(options: ChatOutputOptions) {
    this.#options = options;
    this.isJson = options.onEvent !== undefined;
    this.isQuiet = options.isQuiet === true;
  }

  readonly result = (line: SafeText, tone?: Tone): void => {
    if (!this.isJson) this.#options.console.print(line, tone);
  };

  readonly note = (line: SafeText): void => {
    if (!this.isQuiet) this.#options.console.warn(line, 'aside');
  };

  readonly problem = (line: SafeText): void => {
    const { console } = this.#options;
    if (this.isJson) console.warn(line, 'bad');
    else console.print(line, 'bad');
  };

  readonly advice = (line: SafeText): void => {
    this.#options.console.warn(line);
  };

  readonly event = (event: UpdEvent): void => {
    this.#options.onEvent?.(event);
  };

  readonly failure = (error: TransferError, exit: number): number => {
    this.#options.console.warn(safeLine`upd client: ${error.message}`, 'bad');
    this.event(errorEvent(error, exit));
    return exit;
  };
}
