import { MAX_FRAME_BYTES, type ServerFrame } from './protocol.ts';

/** Left for the frame around the items. */
const ENVELOPE_BYTES = 1_024;
/** A UTF-16 unit takes at most 3 bytes of UTF-8, and JSON's escapes are counted as they stand. */
const MAX_BYTES_PER_CHARACTER = 3;

/**
 * Spreads a list over as many frames as it needs, at least one. Items are drawn when a page is
 * asked for, one ahead, so that each frame knows whether `more` follow.
 */
export function* pagesOf<Item>(
  items: Iterable<Item>,
  frameOf: (items: readonly Item[], more: boolean, pageIndex: number) => ServerFrame,
): Generator<ServerFrame, void, undefined> {
  let page: Item[] = [];
  let pageBytes = ENVELOPE_BYTES;
  let pageIndex = 0;
  for (const item of items) {
    const itemBytes = JSON.stringify(item).length * MAX_BYTES_PER_CHARACTER;
    if (page.length > 0 && pageBytes + itemBytes > MAX_FRAME_BYTES) {
      yield frameOf(page, true, pageIndex);
      pageIndex += 1;
      page = [];
      pageBytes = ENVELOPE_BYTES;
    }
    page.push(item);
    pageBytes += itemBytes;
  }
  yield frameOf(page, false, pageIndex);
}
