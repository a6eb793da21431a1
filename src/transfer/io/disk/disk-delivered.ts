import type { ClaimedFile, PublishRequest } from '../../files/disk.ts';
import { diskError } from './disk-error.ts';
import type { DiskHandle } from './disk-files.ts';
import { type PartialState, removeState, statePathOf } from './disk-state.ts';
import { type InboxContext, syncFolder } from './inbox-context.ts';
import { type Leaving, removeRecord } from './partial-index.ts';

export interface DiskDeliveredParts extends Leaving {
  readonly context: InboxContext;
  /** Open for reading. */
  readonly handle: DiskHandle;
  readonly path: string;
  readonly partPath: string;
  /** By which it is known. */
  readonly state: PartialState;
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
  /** It was found to be another file: its place is free. */
  #isLetGo = false;
  /** After that. */
  #anew: ClaimedFile | undefined;

  constructor(parts: DiskDeliveredParts) {
    this.#parts = parts;
    this.startBytes = parts.state.sizeBytes;
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
    try {
      // May be called once more when it fails; by then somebody else may have the place.
      if (!this.#isLetGo) await this.#letGo();
      this.#anew = await this.#parts.claimAnew();
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
  }

  async #letGo(): Promise<void> {
    const { context, partPath } = this.#parts;
    await this.#close();
    await removeState(context.files, statePathOf(partPath));
    context.owned.delete(partPath);
    this.#parts.onGone();
    this.#isLetGo = true;
  }

  async publish(request: PublishRequest): Promise<string | undefined> {
    if (this.#anew !== undefined) return this.#anew.publish(request);
    if (request.isAborted()) return undefined;
    const { context, handle, path } = this.#parts;
    try {
      // What broke off the transfer that published it may have come before that was durable.
      await handle.sync();
      await syncFolder(context);
      await this.#close();
      return path;
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
  }

  told(): void {
    if (this.#anew !== undefined) {
      this.#anew.told();
      return;
    }
    this.#parts.context.owned.delete(this.#parts.partPath);
    this.#parts.onPublished(this.#parts.state);
  }

  async confirm(): Promise<void> {
    if (this.#anew !== undefined) {
      await this.#anew.confirm();
      return;
    }
    const { context, partPath, state, onGone } = this.#parts;
    onGone();
    await removeRecord(context, partPath, state);
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
    await this.#close();
    if (this.#isLetGo) return;
    this.#parts.context.owned.delete(this.#parts.partPath);
    this.#parts.onLeft();
  }

  /** It was only read, or is synced. */
  async #close(): Promise<void> {
    await this.#parts.handle.close().catch(() => undefined);
  }
}
