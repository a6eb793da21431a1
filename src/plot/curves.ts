import type { ConnectionPicture, Quantity } from './connection-picture.ts';

/** A point of a curve: seconds since the trace's start, and a value. */
export type Point = readonly [seconds: number, value: number];

/** What was found in each span where there was something, in the units of a plot. */
export function pointsOf(picture: ConnectionPicture, name: Quantity, unit = 1): Point[] {
  const points: Point[] = [];
  for (const [index, value] of picture.series.values(name).entries()) {
    if (!Number.isNaN(value)) points.push([secondsAt(picture, index), value / unit]);
  }
  return points;
}

/**
 * How much a second, over spans of which a whole transfer has about `spanCount`: 0 where there was nothing.
 * Packets leave in bursts, so a rate over a millisecond says little.
 */
export function ratesOf(
  picture: ConnectionPicture,
  name: Quantity,
  unit: number,
  spanCount: number,
): Point[] {
  return perSecond(picture, unit, spanCount, (sums) => {
    for (const [index, value] of picture.series.values(name).entries()) {
      if (!Number.isNaN(value)) sums(index, value);
    }
  });
}

/** The same of something that only grows, such as an offset: its growth. */
export function growthOf(
  picture: ConnectionPicture,
  name: Quantity,
  unit: number,
  spanCount: number,
): Point[] {
  let before = 0;
  return perSecond(picture, unit, spanCount, (sums) => {
    for (const [index, value] of picture.series.values(name).entries()) {
      if (Number.isNaN(value)) continue;
      sums(index, value - before);
      before = value;
    }
  });
}

function perSecond(
  { series, firstMs, lastMs }: ConnectionPicture,
  unit: number,
  spanCount: number,
  addAll: (add: (index: number, value: number) => void) => void,
): Point[] {
  const first = Math.floor(firstMs / series.spanMs);
  const wholeSpans = Math.max(1, Math.ceil(lastMs / series.spanMs) - first);
  const grouped = Math.max(1, Math.round(wholeSpans / spanCount));
  const sums: number[] = Array.from({ length: Math.ceil(wholeSpans / grouped) }, () => 0);
  let addedCount = 0;
  addAll((index, value) => {
    const group = Math.max(0, Math.min(sums.length - 1, Math.floor((index - first) / grouped)));
    sums[group]! += value;
    addedCount++;
  });
  if (addedCount === 0) return [];
  const spanSeconds = (grouped * series.spanMs) / 1_000;
  const startSeconds = (first * series.spanMs) / 1_000;
  return sums.map((sum, group) => [
    startSeconds + (group + 0.5) * spanSeconds,
    sum / unit / spanSeconds,
  ]);
}

/** The same of what a trace tells when it changes: it holds until then, and to the end. */
export function stepsOf(picture: ConnectionPicture, name: Quantity, unit = 1): Point[] {
  const points = pointsOf(picture, name, unit);
  const last = points.at(-1);
  return last === undefined ? [] : [...points, [picture.lastMs / 1_000, last[1]]];
}

const SHARE_SPANS = 200;

/** Part of each span that sending waited for this, of 1. */
export function sharesOf(picture: ConnectionPicture, name: Quantity): Point[] {
  const rates = ratesOf(picture, name, 1_000, SHARE_SPANS);
  return rates.map(([seconds, share]) => [seconds, Math.min(1, share)]);
}

/** The middle of a span. */
function secondsAt({ series }: ConnectionPicture, index: number): number {
  return ((index + 0.5) * series.spanMs) / 1_000;
}
