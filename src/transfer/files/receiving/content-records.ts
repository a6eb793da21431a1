import {
  type AcceptItem,
  decodeEnd,
  decodeFile,
  decodeMiss,
  decodeStart,
  encodeAccept,
  FILE_HEADER_BYTES,
  MAX_ACCEPT_ITEMS,
  MessageType,
} from '../records/message.ts';
import type { ReceivingOffer } from './receiving-offer.ts';
import type { PlacedOffer } from './receiving-places.ts';

/** Gives an offer what its sender says of its files; how that breaks the protocol, or undefined. */
export function takeContentRecord(
  offer: ReceivingOffer,
  type: number,
  body: Uint8Array,
): string | undefined {
  switch (type) {
    case MessageType.content:
      return offer.content(body) ? undefined : 'content that does not fit the offer';
    case MessageType.file: {
      const file = decodeFile(body);
      const isFit = file !== undefined && offer.whole(file);
      return isFit ? undefined : 'a FILE that does not fit the offer';
    }
    case MessageType.start: {
      const start = decodeStart(body);
      return start !== undefined && offer.start(start) ? undefined : 'an unexpected START';
    }
    case MessageType.end: {
      const end = decodeEnd(body);
      const isFit = end !== undefined && offer.end(end);
      return isFit ? undefined : 'an END that does not fit what was sent';
    }
    case MessageType.miss: {
      const miss = decodeMiss(body);
      return miss !== undefined && offer.miss(miss) ? undefined : 'an unexpected MISS';
    }
    default:
      return 'an unexpected record';
  }
}

/** Content in a record of this type and length. */
export function contentBytesOf(type: number, bodyBytes: number): number {
  if (type === MessageType.content) return bodyBytes;
  return type === MessageType.file ? Math.max(0, bodyBytes - FILE_HEADER_BYTES) : 0;
}

/** The answer to an offer, as bodies of ACCEPT. */
export function acceptRecords({ starts, refusals }: PlacedOffer, baseIndex: number): Uint8Array[] {
  const items: AcceptItem[] = [];
  for (const [index, offsetBytes] of starts) {
    items.push({ type: 'continue', entryIndex: baseIndex + index, offsetBytes });
  }
  for (const [index, { code, reason }] of refusals) {
    items.push({ type: 'refuse', entryIndex: baseIndex + index, code, reason });
  }
  const records: Uint8Array[] = [];
  for (let from = 0; from === 0 || from < items.length; from += MAX_ACCEPT_ITEMS) {
    const hasMoreItems = from + MAX_ACCEPT_ITEMS < items.length;
    const some = items.slice(from, from + MAX_ACCEPT_ITEMS);
    records.push(encodeAccept({ items: some, hasMoreItems }));
  }
  return records;
}
