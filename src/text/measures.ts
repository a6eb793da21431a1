/** How sizes, times and rates are shown: decimal units, three digits at most before the unit. */

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `512 B`, `20.0 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // What would be rounded to 1000 is shorter in the next unit.
  while (value >= (unit === 0 ? 999.5 : 999.95) && unit < byteUnits.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? String(Math.round(value)) : value.toFixed(1)} ${byteUnits[unit]!}`;
}

/** `15.3 MB/s`. */
export function formatRate(bytesPerSec: number): string {
  return `${formatBytes(bytesPerSec)}/s`;
}

/** `0.4 s`, `59.9 s`, `2:05 min`, `1:04:09 h`. */
export function formatDuration(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)} min`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)} h`;
}

/** `12.1 MB of 20.0 MB`, or `12.1 MB` while nobody knows of how much. */
export function formatAmount(bytes: number, totalBytes: number | undefined): string {
  const amount = formatBytes(bytes);
  return totalBytes === undefined ? amount : `${amount} of ${formatBytes(totalBytes)}`;
}

/** How long ago, roughly: `59 s`, `5 min`, `47 h`, `3 days`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

/** `(SIZE in TIME, RATE)` without its parentheses. */
export function formatTransfer(bytes: number, ms: number): string {
  const rate = formatRate(ms > 0 ? (bytes * 1000) / ms : 0);
  return `${formatBytes(bytes)} in ${formatDuration(ms)}, ${rate}`;
}
