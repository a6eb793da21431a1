import { ConnectionPicture } from './connection-picture.ts';
import { readTrace, type TraceReading } from './trace-reader.ts';

/** Connections of one trace that are looked at: each takes 160 kB. */
export const MAX_PICTURES = 256;
/** Group of what belongs to no connection. */
const ENDPOINT = 'endpoint';

/** All that a trace shows. */
export interface TracePictures extends TraceReading {
  /** The one that carried most comes first. */
  readonly pictures: readonly ConnectionPicture[];
  /** Connections beyond `MAX_PICTURES`. */
  readonly unlistedCount: number;
  /** Events that the traced program had no room for. */
  readonly missingEventCount: number;
}

/** @throws as `readTrace` */
export async function readPictures(path: string): Promise<TracePictures> {
  const byGroup = new Map<string, ConnectionPicture>();
  const unlisted = new Set<string>();
  let missingEventCount = 0;
  const reading = await readTrace(path, (event) => {
    if (event.name === 'updraft:events_missing') {
      const { count } = event.data;
      missingEventCount += typeof count === 'number' ? count : 0;
    }
    if (event.group === ENDPOINT) return;
    let picture = byGroup.get(event.group);
    if (picture === undefined) {
      if (byGroup.size === MAX_PICTURES) {
        if (unlisted.size < MAX_UNLISTED) unlisted.add(event.group);
        return;
      }
      picture = new ConnectionPicture(event.group);
      byGroup.set(event.group, picture);
    }
    picture.add(event);
  });
  for (const picture of byGroup.values()) picture.end();
  const pictures = [...byGroup.values()].sort((one, other) => other.streamBytes - one.streamBytes);
  return { ...reading, pictures, unlistedCount: unlisted.size, missingEventCount };
}

/** So many are told apart. */
const MAX_UNLISTED = 100_000;
