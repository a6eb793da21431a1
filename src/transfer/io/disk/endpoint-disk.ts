import { ContentMemory } from '../../files/content-memory.ts';
import type { SourceDisk } from '../../files/disk.ts';
import type { NamePlatform } from '../../files/stored-name.ts';
import { DiskInbox } from './disk-inbox.ts';
import { createSourceDisk } from './disk-source.ts';
import { WholeFiles } from './whole-files.ts';

/** What an endpoint has of this machine's disk: all files to send, and the folder it receives into. */
export class EndpointDisk {
  readonly source: SourceDisk;
  /** For content on its way from and to the disk, of all transfers together. */
  readonly memory: ContentMemory = new ContentMemory();
  /** Undefined: nothing is received. */
  readonly inbox: DiskInbox | undefined;
  readonly #wholeFiles: WholeFiles = new WholeFiles();

  constructor(inboxFolder: string | undefined, platform: NamePlatform) {
    const wholeFiles = this.#wholeFiles;
    this.source = createSourceDisk(wholeFiles);
    if (inboxFolder === undefined) return;
    const umask = readUmask();
    this.inbox = new DiskInbox({ folder: inboxFolder, platform, umask, wholeFiles });
  }

  /** After all transfers are over. */
  async close(): Promise<void> {
    await this.inbox?.settled();
    this.#wholeFiles.close();
  }
}

function readUmask(): number {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way to read it
  return process.umask();
}
