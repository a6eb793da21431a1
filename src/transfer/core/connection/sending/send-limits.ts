import type { SendStream } from './send-stream.ts';

/** Bytes written and not yet sent for the first time that one connection may hold. */
const MAX_UNSENT_BYTES = 2_097_152;
/** Largest record that `secure` may build (DESIGN §3, Records). */
export const MAX_RECORD_BYTES = 65_536;
const MIN_RECORD_BYTES = 4_096;
/** A record takes no longer than this at the path's rate. */
const RECORD_US = 250_000;
/** Unsent bytes of all connections together, so that many do not read all their files ahead. */
const MAX_UNSENT_TOTAL_BYTES = 33_554_432;
const MIN_UNSENT_BYTES = 131_072;

/** Unsent bytes that one of `connectionCount` connections may hold. */
export function maxUnsentBytes(connectionCount: number): number {
  const share = MAX_UNSENT_TOTAL_BYTES / Math.max(1, connectionCount);
  return Math.max(MIN_UNSENT_BYTES, Math.min(MAX_UNSENT_BYTES, share));
}

/** Largest record to begin at the end of what was written: it must fit the credit twice. */
export function recordLimitBytes(stream: SendStream, pacingBytesPerSec: number): number {
  const creditBytes = (stream.creditOffset - stream.written) / 2;
  const rateBytes = (pacingBytesPerSec * RECORD_US) / 1e6;
  const limit = Math.min(MAX_RECORD_BYTES, creditBytes, rateBytes);
  return Math.max(MIN_RECORD_BYTES, Math.floor(limit));
}
