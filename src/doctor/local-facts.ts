import type { GrantedBuffers } from '../transfer/diagnosis.ts';

/** One interface that is up and leads out of this machine. */
export interface InterfaceFact {
  readonly name: string;
  /** Of IP packets; undefined where the system does not tell. */
  readonly mtuBytes: number | undefined;
}

export interface ClockFacts {
  /** Least step that the monotonic clock was seen to make. */
  readonly monotonicStepNs: number;
  readonly wallMs: number;
}

/** What a step on the disk ended with: undefined when it worked, else the system's code (`EACCES`). */
export type StepError = string | undefined;

export interface DiskFacts {
  readonly folder: string;
  /** A trial in it took too long to be waited for; nothing else is known then. */
  readonly isStuck: boolean;
  readonly isFolder: boolean;
  readonly freeBytes: number | undefined;
  readonly totalBytes: number | undefined;
  /** Making, writing and removing a file. */
  readonly write: StepError;
  readonly fsync: StepError;
  /** Of a file of `SYNC_TRIAL_BYTES`; undefined when it failed. */
  readonly syncMs: number | undefined;
  readonly rename: StepError;
  readonly link: StepError;
}

/** All that the local checks are judged by; tests hand in those of other machines. */
export interface LocalFacts {
  readonly platform: NodeJS.Platform;
  /** As `process.versions.node`: `20.20.0`. */
  readonly nodeVersion: string;
  /** That this process may use. */
  readonly coreCount: number;
  readonly clock: ClockFacts;
  /** Undefined: no UDP socket can be had; `socketError` says why. */
  readonly buffers: GrantedBuffers | undefined;
  readonly socketError?: string;
  readonly interfaces: readonly InterfaceFact[];
  readonly disk: DiskFacts;
}
