import { ByteCursor } from './byte-cursor.ts';
import { limitCauses, type SenderTimes, type TransferLimit } from '../transfer-limit.ts';

/** Largest number of a field of six bytes. */
const MAX_U48 = 2 ** 48 - 1;
const fields = [
  'sourceUs',
  'creditUs',
  'networkUs',
  'rateUs',
  'tail',
  'rateLimitBytesPerSec',
  'windowPackets',
  'packetsSentCount',
  'packetsLostCount',
  'smoothedRttUs',
  'busyUs',
] as const satisfies readonly (keyof SenderTimes)[];
export const REPORT_BYTES: number = 6 * fields.length;

/** REPORT, what held the sender back: the fields of `SenderTimes` in order, u48 each. */
export function encodeReport(times: SenderTimes): Uint8Array {
  const bytes = Buffer.alloc(REPORT_BYTES);
  for (const [index, field] of fields.entries()) {
    bytes.writeUIntBE(clamped(times[field]), 6 * index, 6);
  }
  return bytes;
}

export function decodeReport(body: Uint8Array): SenderTimes | undefined {
  const cursor = new ByteCursor(body);
  const times = Object.fromEntries(fields.map((field) => [field, cursor.u48()]));
  return cursor.isExactlyRead ? (times as Record<(typeof fields)[number], number>) : undefined;
}

/** LIMIT: cause u8 · value u48. */
export function encodeLimit({ cause, value }: TransferLimit): Uint8Array {
  const bytes = Buffer.alloc(7);
  bytes.writeUInt8(limitCauses.indexOf(cause), 0);
  bytes.writeUIntBE(clamped(value), 1, 6);
  return bytes;
}

export function decodeLimit(body: Uint8Array): TransferLimit | undefined {
  const cursor = new ByteCursor(body);
  const cause = limitCauses[cursor.u8()];
  const value = cursor.u48();
  return cause !== undefined && cursor.isExactlyRead ? { cause, value } : undefined;
}

function clamped(value: number): number {
  return Math.min(MAX_U48, Math.max(0, Math.round(value)));
}
