/**
 * What `files` asks of a disk; `io` implements it on real files, tests on memory. Each method rejects
 * with a `TransferError` (`local-file` or `no-space`), never with a plain error of the system.
 */

/** Bytes read or written in one call. Measured on 512 MB in the page cache: 64 KiB 1.4 GB/s of reads
 * and 0.6 of writes, 256 KiB 3.3 and 2.6, 1 MiB 5.3 and 3.6; hashing runs at 1.8 and sending below
 * that, so larger pieces would cost memory and win nothing. */
export const SEGMENT_BYTES = 262_144;

/** A file that is being sent, opened for reading. */
export interface SourceFile {
  /** As found when it was opened; the content that is sent has exactly this length. */
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  /** Permission bits, 0–0o777. */
  readonly mode: number;
  /** Reads the next bytes, in order; fewer than asked for is possible, 0 is the end. One at a time. */
  read(target: Uint8Array): Promise<number>;
  /** Size and time of last change are those of the opening. */
  isUnchanged(): Promise<boolean>;
  /** Waits for a read that runs. */
  close(): Promise<void>;
}

export interface SourceDisk {
  openSource(path: string): Promise<SourceFile>;
}

/** What is to be received, once it was accepted. */
export interface PartialRequest {
  /** From `storedNameOf`; made unique where it is stored. */
  readonly storedName: string;
  readonly sizeBytes: number;
  /** Refuse when less than this share of the disk would stay free: 0.05, or 0 for no such rule. */
  readonly keptFreeShare: number;
}

export interface PublishRequest {
  readonly mtimeNs: bigint;
  /** Permission bits as the sender had them, 0–0o777. */
  readonly mode: number;
  /** Asked last before the file gets its name; true leaves it a partial. */
  readonly isAborted: () => boolean;
}

/** Content on its way to the disk: `NAME.part`. Ends by `publish`, `keep` or `discard`. */
export interface PartialFile {
  /** Bytes that are written whole. */
  readonly writtenBytes: number;
  /** Writes all of `segment` behind what was written. One at a time. */
  append(segment: Uint8Array): Promise<void>;
  /**
   * Makes it durable under its name; resolves with its path when that is done, or with undefined
   * when aborted: it is a partial then as before.
   */
  publish(request: PublishRequest): Promise<string | undefined>;
  /** Closes it and leaves it where it is. */
  keep(): Promise<void>;
  /** Closes it and removes it. */
  discard(): Promise<void>;
}

/** The folder where received files are published. */
export interface Inbox {
  create(request: PartialRequest): Promise<PartialFile>;
}
