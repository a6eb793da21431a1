/** Fills a datagram from its fifth byte on with bytes that no other number gives. */
export function fillContent(datagram: Uint8Array, sequence: number): void {
  let state = (Math.imul(sequence + 1, 0x9e37_79b1) ^ 0x5bd1_e995) >>> 0;
  for (let at = 4; at < datagram.length; at++) {
    // xorshift32 (Marsaglia 2003).
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    datagram[at] = state;
  }
}

/** Whether a datagram is what `fillContent` made for its number. */
export function hasContent(datagram: Uint8Array, sequence: number): boolean {
  const expected = new Uint8Array(datagram.length);
  fillContent(expected, sequence);
  return Buffer.compare(expected.subarray(4), datagram.subarray(4)) === 0;
}
