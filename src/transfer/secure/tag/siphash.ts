/** Four words of 64 bits as halves: low, high, low, high, … */
const state = new Int32Array(8);

/** SipHash-2-4 (Aumasson, Bernstein 2012 §2) of the first `length` bytes, into 8 bytes of `digest`. */
export function sipHash24(
  key: Uint8Array,
  bytes: Uint8Array,
  length: number,
  digest: Uint8Array,
): void {
  for (let half = 0; half < 8; half++) {
    state[half] = word32(key, (half & 3) * 4, 16) ^ INITIAL[half]!;
  }
  const fullBytes = length & ~7;
  for (let at = 0; at < fullBytes; at += 8) {
    compress(word32(bytes, at, length), word32(bytes, at + 4, length));
  }
  const lengthByte = (length & 0xff) << 24;
  compress(word32(bytes, fullBytes, length), word32(bytes, fullBytes + 4, length) | lengthByte);
  state[4]! ^= 0xff;
  for (let count = 0; count < 4; count++) round();
  for (let half = 0; half < 2; half++) {
    const word = state[half]! ^ state[half + 2]! ^ state[half + 4]! ^ state[half + 6]!;
    for (let byte = 0; byte < 4; byte++) digest[4 * half + byte] = word >>> (8 * byte);
  }
}

/** “somepseudorandomlygeneratedbytes”, in words whose halves are swapped. */
const INITIAL = [
  0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462,
];

/** Little-endian; bytes from `end` on count as zeros. */
function word32(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let byte = 0; byte < 4 && at + byte < end; byte++) word |= bytes[at + byte]! << (8 * byte);
  return word;
}

function compress(low: number, high: number): void {
  state[6]! ^= low;
  state[7]! ^= high;
  round();
  round();
  state[0]! ^= low;
  state[1]! ^= high;
}

function round(): void {
  add(0, 2);
  add(4, 6);
  rotate(2, 13);
  rotate(6, 16);
  xor(2, 0);
  xor(6, 4);
  swap(0);
  add(4, 2);
  add(0, 6);
  rotate(2, 17);
  rotate(6, 21);
  xor(2, 4);
  xor(6, 0);
  swap(4);
}

function add(to: number, from: number): void {
  const low = (state[to]! >>> 0) + (state[from]! >>> 0);
  state[to] = low;
  state[to + 1]! += state[from + 1]! + (low > 0xffff_ffff ? 1 : 0);
}

function xor(to: number, from: number): void {
  state[to]! ^= state[from]!;
  state[to + 1]! ^= state[from + 1]!;
}

/** To the left, by fewer than 32 bits. */
function rotate(at: number, bits: number): void {
  const [low, high] = [state[at]!, state[at + 1]!];
  state[at] = (low << bits) | (high >>> (32 - bits));
  state[at + 1] = (high << bits) | (low >>> (32 - bits));
}

/** A rotation by 32 bits. */
function swap(at: number): void {
  const low = state[at]!;
  state[at] = state[at + 1]!;
  state[at + 1] = low;
}
