import { formatBytes, formatDuration, formatRate } from '../text/measures.ts';
import { safeLine, safeText, type SafeText } from '../text/safe-text.ts';
import type { ConnectionPicture } from './connection-picture.ts';
import { growthOf, type Point, pointsOf, ratesOf } from './curves.ts';

/** What a sketch is drawn with: from nothing to all. */
export interface SketchStyle {
  readonly columns: number;
  /** From low to high; the first is for nothing. */
  readonly levels: string;
}

export const blockLevels = ' ▁▂▃▄▅▆▇█';
/** For terminals that have nothing else. */
export const plainLevels = ' .:-=+*#%@';
/** The least that a curve is drawn in. */
const MIN_COLUMNS = 10;
const LABEL_COLUMNS = 10;
/** `123.4 MB/s`, with a space before. */
const MAX_VALUE_COLUMNS = 12;

/** Some lines for a terminal: how it went, and a curve for each question, from its start to its end. */
export function sketchOf(picture: ConnectionPicture, style: SketchStyle): SafeText[] {
  const columns = Math.max(MIN_COLUMNS, style.columns - LABEL_COLUMNS - MAX_VALUE_COLUMNS);
  const rateName = picture.isSender ? 'acknowledgedOffset' : 'receivedOffset';
  const offsetName = picture.isSender ? 'sentOffset' : 'receivedOffset';
  const lines = [summaryOf(picture)];
  const curve = (
    label: string,
    points: readonly Point[],
    format: (value: number) => string,
    how: 'highest' | 'sum' = 'highest',
  ): void => {
    const values = resampled(points, picture, columns, how);
    const most = Math.max(...values);
    if (points.length === 0 || !(most > 0)) return;
    const drawn = values.map((value) => levelOf(value / most, style.levels)).join('');
    lines.push(safeText(`${label.padEnd(LABEL_COLUMNS)}${drawn} ${format(most)}`));
  };
  curve('stream', pointsOf(picture, offsetName), formatBytes);
  curve('rate', growthOf(picture, rateName, 1, columns), formatRate);
  curve('RTT', pointsOf(picture, 'smoothedRttMs'), (ms) => `${ms.toFixed(1)} ms`);
  curve('window', pointsOf(picture, 'windowBytes'), formatBytes);
  curve('in flight', pointsOf(picture, 'bytesInFlight'), formatBytes);
  curve('lost', pointsOf(picture, 'lostCount'), (count) => `at most ${count}`, 'sum');
  curve('stalled', stallPoints(picture), () => formatDuration(stalledMs(picture)));
  return lines;
}

function summaryOf(picture: ConnectionPicture): SafeText {
  const { group, peer, streamBytes, firstMs, lastMs, isSender } = picture;
  const lost = picture.packetsLostCount;
  const share = (100 * lost) / Math.max(1, picture.packetsSentCount);
  const what = `${formatBytes(streamBytes)} ${isSender ? 'sent' : 'received'}`;
  const whom = peer === '' ? '' : ` ${isSender ? 'to' : 'from'} ${peer}`;
  const losses = isSender ? `, ${lost} packets lost (${share.toFixed(1)} %)` : '';
  const stalls = picture.stallCount === 0 ? '' : `, stalled ${times(picture.stallCount)}`;
  return safeLine`Connection ${group}: ${what}${whom} in ${formatDuration(lastMs - firstMs)}${losses}${stalls}`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

/** One value a column; where a column has no point, what came before holds on, or nothing is lost. */
function resampled(
  points: readonly Point[],
  { firstMs, lastMs }: ConnectionPicture,
  columns: number,
  how: 'highest' | 'sum',
): number[] {
  const values: (number | undefined)[] = Array.from({ length: columns });
  const [from, span] = [firstMs / 1_000, Math.max(lastMs - firstMs, 1) / 1_000];
  for (const [seconds, value] of points) {
    const part = (seconds - from) / span;
    const column = Math.max(0, Math.min(columns - 1, Math.floor(part * columns)));
    const before = values[column];
    if (before === undefined) values[column] = value;
    else values[column] = how === 'sum' ? before + value : Math.max(before, value);
  }
  let held = 0;
  return values.map((value) => {
    if (how === 'highest') held = value ?? held;
    return value ?? held;
  });
}

function levelOf(part: number, levels: string): string {
  const highest = levels.length - 1;
  if (part <= 0) return levels[0]!;
  // Little is not nothing.
  return levels[Math.max(1, Math.min(highest, Math.round(part * highest)))]!;
}

const MAX_STALL_SPANS = 500;

/** 1 within a stall, 0 at its ends. */
function stallPoints(picture: ConnectionPicture): Point[] {
  if (picture.stallCount === 0) return [];
  return ratesOf(picture, 'sentBytes', 1, MAX_STALL_SPANS).map(([seconds]) => {
    const ms = seconds * 1_000;
    const isStalled = picture.stalls.some(({ fromMs, toMs }) => fromMs <= ms && ms <= toMs);
    return [seconds, isStalled ? 1 : 0];
  });
}

function stalledMs({ stalls }: ConnectionPicture): number {
  return stalls.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}
