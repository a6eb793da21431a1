import type { CommandOutput } from './command-output.ts';
import { ProgressBars } from './terminal/progress-bars.ts';
import { canDraw, ScreenFoot } from './terminal/screen-foot.ts';

/** Bars on stderr, below the lines of `output`; undefined where none can be drawn, or should be. */
export function barsBelow(output: CommandOutput, isShown: boolean): ProgressBars | undefined {
  if (!isShown || output.isQuiet || !canDraw(process.stderr, process.env)) return undefined;
  const foot = new ScreenFoot(process.stderr, process.env);
  output.writeAbove = (write) => {
    foot.above(write);
  };
  // Whoever stopped this process has had the screen.
  process.on('SIGCONT', () => {
    foot.restore();
  });
  return new ProgressBars(foot);
}
