import { createHash } from 'node:crypto';
import { MAX_NAME_BYTES } from './records/offer.ts';
import { cutToBytes } from './records/reason.ts';

/** Whose rules names on the receiving disk follow. */
export type NamePlatform = 'posix' | 'win32';

/** Behind a name while its content is incomplete. */
export const PART_SUFFIX = '.part';
/** Behind a name: what is known of its incomplete content. */
export const STATE_SUFFIX = '.part.state';
/** Behind a name: a state that is about to take the place of the last one. */
export const STATE_DRAFT_SUFFIX = '.part.state~';

/** An extension longer than this is none: what is cut off is then the end of the name. */
const MAX_EXTENSION_BYTES = 32;
/** Hex digits of SHA-256 that tell apart shortened names. */
const HASH_DIGITS = 16;

const controls = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const halfCharacters = /\p{Cs}/u;
/** Embeddings, overrides and isolates (Unicode UAX #9, X1–X6a): they draw `gpj.exe` as `exe.jpg`. */
const bidiOverrides = /[\u202a-\u202e\u2066-\u2069]/u;
const driveLetter = /^[a-z]:/i;
const partialEnding = /\.part(\.state~?)?$/i;
/** What Windows forbids in names besides separators and controls. */
const windowsForbidden = /[<>:"|?*]/g;
const windowsTrailing = /[. ]+$/;
/** Names that Windows takes for devices, whatever extension follows. */
const windowsDevices = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?= *(?:\.|$))/i;

/**
 * Why a base name from the network is not taken, or undefined. One grammar for all platforms, judged
 * on the text as it came: what is dangerous on one of them is refused on each.
 */
export function refusedName(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'name not storable: not a file name';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return 'name not storable: longer than 255 bytes';
  if (/[/\\]/.test(name)) return 'name not storable: contains a path separator';
  if (driveLetter.test(name)) return 'name not storable: begins with a drive letter';
  if (controls.test(name)) return 'name not storable: contains a control character';
  if (halfCharacters.test(name)) return 'name not storable: not valid Unicode';
  if (bidiOverrides.test(name)) return 'name not storable: contains a writing direction override';
  return undefined;
}

/**
 * The name under which `name` (which `refusedName` lets pass, perhaps with a prefix) is stored before
 * it is made unique: NFC, visible, never one of our partials, short enough, and one that the platform
 * can hold. A name that needs no change comes back as it was, so applying it twice changes nothing.
 */
export function storedNameOf(name: string, platform: NamePlatform): string {
  return settledName(name.startsWith('.') ? `_${name.slice(1)}` : name, platform);
}

/** As `storedNameOf`, for what lies inside a folder: there a name may begin with a dot. */
export function innerNameOf(name: string, platform: NamePlatform): string {
  return settledName(name, platform);
}

function settledName(name: string, platform: NamePlatform): string {
  let stored = name.normalize('NFC');
  // Cutting may lay bare an ending that must be changed, once: two rounds settle it, one proves it.
  for (let round = 0; round < 3; round++) {
    stored = joinName(adaptName(stored, platform), '');
  }
  return stored;
}

function adaptName(name: string, platform: NamePlatform): string {
  let adapted = name;
  if (platform === 'win32') {
    adapted = adapted
      .replace(windowsForbidden, '_')
      .replace(windowsTrailing, (ending) => '_'.repeat(ending.length))
      .replace(windowsDevices, '$&_');
  }
  // Where upper and lower case are one, so are a long or a joined s and an s.
  return partialEnding.test(adapted.normalize('NFKC')) ? `${adapted}_` : adapted;
}

/** The `attempt`-th name to try for a stored name: `movie.mp4`, `movie (1).mp4`, `movie (2).mp4` … */
export function unusedName(storedName: string, attempt: number): string {
  return attempt === 0 ? storedName : joinName(storedName, ` (${attempt})`);
}

/** Where the content of `storedName` lies while it is incomplete; room is left for a state. */
export function partNameOf(storedName: string): string {
  const limitBytes = MAX_NAME_BYTES - STATE_DRAFT_SUFFIX.length;
  if (Buffer.byteLength(storedName) <= limitBytes) return storedName + PART_SUFFIX;
  const hash = createHash('sha256').update(storedName).digest('hex').slice(0, HASH_DIGITS);
  return `${cutToBytes(storedName, limitBytes - 1 - HASH_DIGITS)}~${hash}${PART_SUFFIX}`;
}

/** Puts `insert` before the extension and cuts the stem so that all fits `MAX_NAME_BYTES`. */
function joinName(name: string, insert: string): string {
  const dotAt = name.lastIndexOf('.');
  const hasExtension = dotAt > 0 && Buffer.byteLength(name.slice(dotAt)) <= MAX_EXTENSION_BYTES;
  const stem = hasExtension ? name.slice(0, dotAt) : name;
  const ending = insert + (hasExtension ? name.slice(dotAt) : '');
  return cutToBytes(stem, MAX_NAME_BYTES - Buffer.byteLength(ending)) + ending;
}
