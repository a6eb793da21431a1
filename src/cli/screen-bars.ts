import type { CommandOutput } from './command-output.ts';
import { canDraw, ProgressBars } from './terminal/progress-bars.ts';

/** Bars on stderr, below the lines of `output`; undefined where none can be drawn, or should be. */
export function barsBelow(output: CommandOutput, isShown: boolean): ProgressBars | undefined {
  if (!isShown || output.isQuiet || !canDraw(process.stderr, process.env)) return undefined;
  const bars = new ProgressBars(process.stderr);
  output.writeAbove = (write) => {
    bars.above(write);
  };
  return bars;
}
