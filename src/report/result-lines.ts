import { formatBytes, formatRate, formatTransfer } from '../text/measures.ts';
import { safeLine, type SafeText, safeText } from '../text/safe-text.ts';
import type {
  ItemResult,
  Transfer,
  TransferLimit,
  TransferResult,
  TransferRoute,
} from '../transfer/index.ts';

/** `movie.mp4 has been delivered to jess (SIZE in TIME, RATE).`, of a folder also how many files. */
export function deliveredLine(
  item: ItemResult,
  { elapsedMs }: TransferResult,
  peer: string,
): SafeText {
  const measures = formatTransfer(item.totalBytes, elapsedMs);
  return safeLine`${item.name} has been delivered to ${peer} (${filesText(item)}${measures}).`;
}

/** `Received movie.mp4 from derek (SIZE, stored as PATH).`, or `written to stdout`. */
export function receivedLine(item: ItemResult, peer: string): SafeText {
  const { name, totalBytes, path } = item;
  const where = path === '' ? 'written to stdout' : `stored as ${path}`;
  return safeLine`Received ${name} from ${peer} (${filesText(item)}${formatBytes(totalBytes)}, ${where}).`;
}

function filesText({ kind, fileCount }: ItemResult): string {
  return kind === 'folder' ? `${fileCount} files, ` : '';
}

/** What of a folder was not delivered while the rest was: a line each, and one for those not listed. */
export function leftOutLines(
  result: TransferResult,
  lineOf: (name: string, reason: string) => SafeText,
): readonly SafeText[] {
  const lines = result.failures.map(({ name, reason }) => lineOf(name, reason));
  const unlistedCount = result.failedCount - result.failures.length;
  return unlistedCount > 0
    ? [...lines, safeLine`${unlistedCount} more were not delivered.`]
    : lines;
}

/** Links inside a folder are no failures. */
export function skippedLinksLines({
  skippedLinks,
  skippedCount,
}: TransferResult): readonly SafeText[] {
  const lines = skippedLinks.map((name) => safeLine`${name} is a symbolic link: left out.`);
  const unlistedCount = skippedCount - skippedLinks.length;
  return unlistedCount > 0
    ? [...lines, safeLine`${unlistedCount} more symbolic links were left out.`]
    : lines;
}

/** How it went, and last what limited it. */
export function summaryLines(
  result: TransferResult,
  direction: Transfer['direction'],
): readonly SafeText[] {
  const lines = [wayLine(result, direction), limitLine(result)];
  return lines.filter((line) => line !== undefined);
}

/** `sent again: 0.3 % (61.2 kB), direct to 192.0.2.7:6000, round trip 40.1 ms`; a receiver knows only the way. */
function wayLine(
  { retransmittedBytes, totalBytes, route }: TransferResult,
  direction: Transfer['direction'],
): SafeText | undefined {
  const way = route && routeText(route, direction);
  if (direction === 'receive') return way === undefined ? undefined : safeText(way);
  const share = totalBytes === 0 ? 0 : (100 * retransmittedBytes) / totalBytes;
  const again = `sent again: ${share.toFixed(1)} % (${formatBytes(retransmittedBytes)})`;
  return safeText(way === undefined ? again : `${again}, ${way}`);
}

/** `direct to 192.0.2.7:6000, round trip 40.1 ms`. */
export function routeText(
  { peer: { address, port }, roundTripMs }: TransferRoute,
  direction: Transfer['direction'],
): string {
  const host = address.includes(':') ? `[${address}]` : address;
  const way = `direct ${direction === 'send' ? 'to' : 'from'} ${host}:${port}`;
  return roundTripMs === undefined ? way : `${way}, round trip ${roundTripMs.toFixed(1)} ms`;
}

/** `limited by: receiver disk 61.0 MB/s`; undefined where the other side did not say. */
function limitLine({ limit }: TransferResult): SafeText | undefined {
  return limit && safeLine`limited by: ${limitText(limit)}`;
}

/** As it stands behind `limited by: `. */
export function limitText({ cause, value }: TransferLimit): string {
  switch (cause) {
    case 'receiver-disk':
      return `receiver disk ${formatRate(value)}`;
    case 'sender-disk':
      return `sender disk ${formatRate(value)}`;
    case 'receiver-window':
      return `receiver window ${formatRate(value)}`;
    case 'network-rate':
      return `network rate ${formatRate(value)}`;
    case 'loss':
      return `loss ${(value / 10).toFixed(1)} %`;
    case 'rate':
      return `--rate ${formatRate(value)}`;
    case 'window':
      return `--window ${value}`;
    case 'round-trip':
      return `round trip ${(value / 1000).toFixed(1)} ms`;
    case 'sender-cpu':
      return `CPU of the sender, ${(value / 10).toFixed(0)} % busy`;
    case 'receiver-cpu':
      return `CPU of the receiver, ${(value / 10).toFixed(0)} % busy`;
  }
}

/** `movie.mp4 could not be delivered to jess: REASON.` */
export function undeliveredLine(name: string, user: string, reason: string): SafeText {
  return safeLine`${name} could not be delivered to ${user}: ${sentence(reason)}`;
}

/** `movie.mp4 from derek was not received: REASON.` */
export function unreceivedLine(name: string, user: string, reason: string): SafeText {
  // Of an offer that cannot be read no name is known.
  const what = name === '' ? 'An offer' : name;
  return safeLine`${what} from ${user} was not received: ${sentence(reason)}`;
}

/** To a receiver, of what has arrived: a stream is never what came before, so that none goes on. */
export function keptLine({ name, progress }: Pick<Transfer, 'name' | 'progress'>): SafeText {
  return progress.totalBytes === undefined
    ? safeLine`What has arrived of ${name} is kept (upd partials), but a stream that is sent again begins anew, in its place.`
    : safeLine`What has arrived of ${name} is kept (upd partials): sent again, it goes on from there.`;
}

function sentence(reason: string): string {
  return /[.!?]$/.test(reason) ? reason : `${reason}.`;
}
