import type { ClaimedFile, PublishRequest } from '../files/disk.ts';
import { diskError } from './disk-error.ts';
import type { DiskFiles, DiskHandle } from './disk-files.ts';
import { removeState } from './disk-state.ts';

export interface DiskDeliveredParts {
  readonly files: DiskFiles;
  /** Open for reading. */
  readonly handle: DiskHandle;
  readonly path: string;
  readonly sizeBytes: number;
  readonly statePath: string;
  /** Another transfer may find it. */
  readonly onLeft: () => void;
  readonly onGone: () => void;
  /** Claims another name. */
  readonly claimAnew: () => Promise<ClaimedFile>;
}

/**
 * A file that was published while its sender could not hear of it, and that is offered again: it is
 * compared with the source and, if it is the same, delivered as it lies there. If it is not the same,
 * for somebody has changed it, it is left alone and the content gets a name of its own.
 */
export class DiskDelivered implements ClaimedFile {
  readonly startBytes: number;
  readonly #parts: DiskDeliveredParts;
  /** After it was found to be another file. */
  #anew: ClaimedFile | undefined;

  constructor(parts: DiskDeliveredParts) {
    this.#parts = parts;
    this.startBytes = parts.sizeBytes;
  }

  get writtenBytes(): number {
    return this.#anew?.writtenBytes ?? this.startBytes;
  }

  async append(segment: Uint8Array): Promise<void> {
    await this.#anew?.append(segment);
  }

  async read(target: Uint8Array, positionBytes: number): Promise<number> {
    try {
      const { bytesRead } = await this.#parts.handle.read(target, 0, target.length, positionBytes);
      return bytesRead;
    } catch (error) {
      throw diskError('the inbox cannot be read', error);
    }
  }

  async restart(): Promise<void> {
    await this.#parts.handle.close();
    await removeState(this.#parts.files, this.#parts.statePath);
    this.#parts.onGone();
    this.#anew = await this.#parts.claimAnew();
  }

  async publish(request: PublishRequest): Promise<string | undefined> {
    if (this.#anew !== undefined) return this.#anew.publish(request);
    if (request.isAborted()) return undefined;
    await this.#parts.handle.close();
    return this.#parts.path;
  }

  async told(): Promise<void> {
    if (this.#anew !== undefined) {
      await this.#anew.told();
      return;
    }
    await removeState(this.#parts.files, this.#parts.statePath);
    this.#parts.onLeft();
  }

  confirm(): void {
    if (this.#anew !== undefined) this.#anew.confirm();
    else this.#parts.onGone();
  }

  async keep(): Promise<void> {
    if (this.#anew !== undefined) await this.#anew.keep();
    else await this.#leave();
  }

  async discard(): Promise<void> {
    if (this.#anew !== undefined) await this.#anew.discard();
    else await this.#leave();
  }

  async #leave(): Promise<void> {
    await this.#parts.handle.close();
    this.#parts.onLeft();
  }
}
