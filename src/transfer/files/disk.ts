import type { OfferedEntry } from './records/offer.ts';
import type { TransferError } from './transfer-error.ts';

/**
 * What `files` asks of a disk; `io` implements it on real files, tests on memory. Each method rejects
 * with a `TransferError`, never with a plain error of the system.
 */

/** Bytes read or written in one call. Measured on 512 MB in the page cache: 64 KiB 1.4 GB/s of reads
 * and 0.6 of writes, 256 KiB 3.3 and 2.6, 1 MiB 5.3 and 3.6; hashing runs at 1.8 and sending below
 * that, so larger pieces would cost memory and win nothing. */
export const SEGMENT_BYTES = 262_144;

/** A file or folder of this machine that is offered. */
export interface SourceEntry extends OfferedEntry {
  /** Where it is. */
  readonly path: string;
  /** Which of the paths of the transfer it belongs to. */
  readonly itemIndex: number;
}

/** What was found on the way through the paths of a transfer. */
export type Surveyed =
  | { readonly type: 'entry'; readonly entry: SourceEntry }
  /** It cannot be sent. */
  | { readonly type: 'failure'; readonly name: string; readonly error: unknown }
  /** A symbolic link inside a folder: left out, and no failure. */
  | { readonly type: 'link'; readonly name: string };

/** A way through files and folders; a folder comes before what is in it. */
export interface SourceSurvey {
  /** The next ones, at least one; none at the end. One call at a time. */
  next(): Promise<readonly Surveyed[]>;
  close(): Promise<void>;
}

/** A file that is being sent, opened for reading. */
export interface SourceFile {
  /** As found when it was opened. */
  readonly sizeBytes: number;
  /** False of a stream: its end is where nothing more is read. */
  readonly isSizeKnown: boolean;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
  readonly device: bigint;
  /** Reads from a position; fewer bytes than asked for are possible, 0 is the end. */
  read(target: Uint8Array, positionBytes: number): Promise<number>;
  /** Its content is as it was at the opening, as far as size and times tell. */
  isUnchanged(): Promise<boolean>;
  /** Waits for reads that run. */
  close(): Promise<void>;
}

export interface SourceDisk {
  survey(paths: readonly string[]): SourceSurvey;
  /** @param sizeBytes as it was found */
  open(path: string, sizeBytes: number): Promise<SourceFile>;
}

/**
 * What becomes of a file whose name exists in the inbox: stored beside it as `NAME (1)`, put in its
 * place, or refused with `exists`. A folder that exists is filled by `overwrite` and `skip`.
 */
export type ConflictPolicy = 'rename' | 'overwrite' | 'skip';

/** Something at the top of an offer, and where it is to be stored. */
export interface ClaimRequest {
  /** Who sends it: only the same one goes on with what was interrupted. */
  readonly peer: string;
  readonly entry: OfferedEntry;
  /** From `storedNameOf`; made unique where it is stored. */
  readonly storedName: string;
  readonly conflict: ConflictPolicy;
}

/** Room on the disk that was promised to a transfer and is not used yet. */
export interface Room {
  spend(byteCount: number): void;
  /** Promises more, as `Inbox.reserve`. */
  grow(byteCount: number): Promise<void>;
  /** Gives back what was not spent. */
  release(): void;
}

export interface PublishRequest {
  readonly mtimeNs: bigint;
  /** Permission bits as the sender had them, 0–0o777. */
  readonly mode: number;
  /** Asked last before the file gets its name; true leaves it a partial. */
  readonly isAborted: () => boolean;
}

/** Content on its way to the disk. Ends by `publish`, `keep` or `discard`. */
export interface PartialFile {
  /** Bytes that were there from an earlier transfer; content is appended behind them. */
  readonly startBytes: number;
  /** It goes on to somebody who waits for it, takes no room on the disk and is never gone on with. */
  readonly isStream?: boolean;
  /** Bytes that are written whole, those of earlier transfers included. */
  readonly writtenBytes: number;
  /**
   * Writes all of `segment` behind what was written. One at a time. When it fails, `writtenBytes` tells
   * how much of it was written.
   */
  append(segment: Uint8Array): Promise<void>;
  /** Reads what was written; fewer bytes than asked for are possible. */
  read(target: Uint8Array, positionBytes: number): Promise<number>;
  /** Drops what was written: content begins again at 0. */
  restart(): Promise<void>;
  /**
   * Makes it durable under its name; resolves with its path when that is done, or with undefined
   * when aborted: it is a partial then as before.
   */
  publish(request: PublishRequest): Promise<string | undefined>;
  /** Makes what was written durable, closes it and leaves it where it is, for a later transfer. */
  keep(): Promise<void>;
  /** Closes it and removes it. */
  discard(): Promise<void>;
  /** Of a stream, in place of both: nothing more comes, and what came is not all. */
  abort?(why: TransferError): void;
}

/** A file at the top of an offer, with a name of its own in the inbox from now on. */
export interface ClaimedFile extends PartialFile {
  /**
   * After it was published: the sender is being told. A repetition is known to be one, also after a
   * start of this program, until the sender has heard.
   */
  told(): void;
  /** The sender has heard: nothing is left beside the file, and a repetition would be another file. */
  confirm(): Promise<void>;
}

/** A file inside a folder, as it will be stored. */
export interface StoredFile {
  readonly entry: OfferedEntry;
  /** Below the folder's own name, parted by `/`; each part from `storedNameOf`. */
  readonly storedPath: string;
}

/** What is there of a file inside a folder before its content is sent. */
export type Found = { readonly startBytes: number } | { readonly refusal: 'exists' };

/** A folder at the top of an offer. Whoever looks at its name sees it whole or not at all. */
export interface ClaimedFolder {
  /** A folder inside it; its own parent was made before. */
  makeFolder(storedPath: string): Promise<void>;
  /** Asked once for each file before the first of them is opened. */
  find(file: StoredFile): Promise<Found>;
  open(file: StoredFile, startBytes: number): PartialFile;
  /**
   * Gives the folders that were made their modes and times, the last one first, and syncs them;
   * `onSettled` is called after each.
   */
  settle(folders: readonly StoredFile[], onSettled: () => void): Promise<void>;
  /** Publishes it after it was settled; resolves with its path, or undefined when aborted. */
  publish(isAborted: () => boolean): Promise<string | undefined>;
  /** The transfer has failed: what is there stays for a later one, unless it is nothing. */
  leave(): Promise<void>;
  /** As of a file. */
  told(): void;
  /**
   * As of a file, when all of it was delivered. Otherwise a repetition fills it, also after a start of this
   * program: nobody wants a second folder for what the first one lacks.
   */
  confirm(isWhole: boolean): Promise<void>;
}

/** The `cause` of a lack of space that waiting does not end: the disk is smaller than that. */
export const NEVER_FITS = 'more than the whole disk';

/** The folder where received files are published. */
export interface Inbox {
  /**
   * Rejects with `no-space` unless there is room, for good (`NEVER_FITS`) or for now; a share of the disk
   * stays free (0.05, or 0).
   */
  reserve(byteCount: number, keptFreeShare: number): Promise<Room>;
  claimFile(request: ClaimRequest): Promise<ClaimedFile>;
  claimFolder(request: ClaimRequest): Promise<ClaimedFolder>;
  /** Resolves when what was confirmed so far has left nothing. */
  settled(): Promise<void>;
}
