import { jsonLine } from '../text/json-line.ts';
import { safeLine, type SafeText } from '../text/safe-text.ts';
import type { Tone } from '../text/tone.ts';
import type { TransferError } from '../transfer/index.ts';
import type { CommonFlags } from './common-flags.ts';
import { errorEvent, type UpdEvent, usageEvent } from '../report/events.ts';
import { exitCodes } from '../report/exit-codes.ts';
import type { ReportSink } from '../report/report-sink.ts';
import { printErrorLine, printLine } from './terminal/output-lines.ts';

/** Wipes what is drawn on the screen, calls `write`, and lets it be drawn again. */
export type WriteAbove = (write: () => void) => void;

/**
 * Where the lines of `upd send` and `upd receive` go: stdout carries results or events only, all else
 * is stderr's.
 */
export class CommandOutput implements ReportSink {
  /** `send` or `receive`. */
  readonly command: string;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  /** stdout belongs to file data. */
  readonly isStdoutTaken: boolean;
  /** Set while something is drawn on the screen. */
  writeAbove: WriteAbove = (write) => {
    write();
  };

  constructor(command: string, flags: CommonFlags, isStdoutTaken = false) {
    this.command = command;
    this.isJson = flags.json === true;
    this.isQuiet = flags.quiet === true;
    this.isStdoutTaken = isStdoutTaken;
  }

  /** On stdout, where no events stand; on stderr where that carries data. */
  result(line: SafeText, tone?: Tone): void {
    if (this.isJson) return;
    this.writeAbove(() => {
      if (this.isStdoutTaken) printErrorLine(line, tone);
      else printLine(line, tone);
    });
  }

  /** On stderr, unless quiet. */
  note(line: SafeText): void {
    if (!this.isQuiet) this.#tell(line, 'aside');
  }

  /** On stderr. */
  problem(line: SafeText): void {
    this.#tell(line, 'bad');
  }

  /** On stderr, and quiet or not: whoever was interrupted is told how to go on. */
  advice(line: SafeText): void {
    this.#tell(line, 'caution');
  }

  event(event: UpdEvent): void {
    if (!this.isJson) return;
    this.writeAbove(() => {
      printLine(jsonLine(event));
    });
  }

  /** One clear line about how the command was called; returns its exit code. */
  usage(reason: string): number {
    this.problem(safeLine`upd ${this.command}: ${reason}`);
    this.event(usageEvent(reason, exitCodes.usage));
    return exitCodes.usage;
  }

  /** One clear line about what keeps the command from its work; returns `exit`. */
  failure(error: TransferError, exit: number): number {
    this.problem(safeLine`upd ${this.command}: ${error.message}`);
    this.event(errorEvent(error, exit));
    return exit;
  }

  #tell(line: SafeText, tone: Tone): void {
    this.writeAbove(() => {
      printErrorLine(line, tone);
    });
  }
}
