import type { SafeText } from '../text/safe-text.ts';
import type { Tone } from '../text/tone.ts';
import type { TransferError } from '../transfer/index.ts';
import type { UpdEvent } from './events.ts';

/** Where what is said of transfers goes. */
export interface ReportSink {
  /** Events are said in place of results. */
  readonly isJson: boolean;
  /** Notes are not said. */
  readonly isQuiet: boolean;
  /** What was asked for. */
  result(line: SafeText, tone?: Tone): void;
  /** Something good to know. */
  note(line: SafeText): void;
  /** What went wrong with a transfer. */
  problem(line: SafeText): void;
  /** What to do about it. */
  advice(line: SafeText): void;
  event(event: UpdEvent): void;
  /** Something beside the transfers went wrong; returns `exit`, its exit code. */
  failure(error: TransferError, exit: number): number;
}
