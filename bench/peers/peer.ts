import type { Stage, Times } from './stage.ts';

/** A program that one would take to get a file from machine to machine. */
export interface Peer {
  readonly name: string;
  /** What it is, with the settings that are not its own. */
  readonly description: string;
  readonly isEncrypted: boolean;
  /**
   * What becomes of the file that stands at the target: written over, cut to nothing first, or replaced by
   * another one under its name. New memory costs up to a third on tmpfs.
   */
  readonly target: 'written over' | 'cut first' | 'replaced';
  /** Makes what it needs; throws why it cannot run here. Called once, before its first transfer. */
  prepare(folder: string): Promise<void> | void;
  run(stage: Stage): Promise<Times>;
}
