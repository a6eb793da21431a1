import {
  CLEAR_BYTES,
  INPUT_PREFIX_BYTES,
  MAX_MESSAGE_BYTES,
  NH_BLOCK_BYTES,
  NH_SHIFT_BYTES,
  NH_STEP_BYTES,
  SIPHASH_KEY_BYTES,
} from './tag-hash.ts';
import {
  call,
  type Code,
  encodeModule,
  get,
  i32,
  i64,
  repeatWhile,
  set,
  v128,
  ValueType,
  when,
  type WasmFunction,
} from './wasm-code.ts';

/** `tag-hash.ts` as a WebAssembly module. Where things lie in its memory: */
export const MEMORY = {
  /** `TAG_KEY_BYTES`. */
  keyAt: 0,
  /** The 8 bytes that come out. */
  digestAt: 560,
  /** What goes into SipHash. */
  condensedAt: 1024,
  inputAt: 4096,
} as const;
const MESSAGE_AT = MEMORY.inputAt + INPUT_PREFIX_BYTES;
const NH_KEY_AT = MEMORY.keyAt + SIPHASH_KEY_BYTES;
const MEMORY_BYTES = MESSAGE_AT + MAX_MESSAGE_BYTES + NH_STEP_BYTES;

/** `siphash(at, length)`: SipHash-2-4 of that part of the memory (Aumasson, Bernstein 2012 §2). */
function siphash(): WasmFunction {
  const [at, length, a, b, c, d, word, end] = [0, 1, 2, 3, 4, 5, 6, 7];
  const round: Code = [
    set(a, i64.add(get(a), get(b))),
    set(c, i64.add(get(c), get(d))),
    set(b, i64.xor(i64.rotl(get(b), i64.const(13n)), get(a))),
    set(d, i64.xor(i64.rotl(get(d), i64.const(16n)), get(c))),
    set(a, i64.rotl(get(a), i64.const(32n))),
    set(c, i64.add(get(c), get(b))),
    set(a, i64.add(get(a), get(d))),
    set(b, i64.xor(i64.rotl(get(b), i64.const(17n)), get(c))),
    set(d, i64.xor(i64.rotl(get(d), i64.const(21n)), get(a))),
    set(c, i64.rotl(get(c), i64.const(32n))),
  ].flat();
  const compress: Code = [
    set(d, i64.xor(get(d), get(word))),
    round,
    round,
    set(a, i64.xor(get(a), get(word))),
  ].flat();
  const keyWord = (offset: number): Code => i64.load(i32.const(MEMORY.keyAt), offset);
  const restBits = i64.fromI32(i32.shl(i32.and(get(length), i32.const(7)), i32.const(3)));
  const restMask = i64.sub(i64.shl(i64.const(1n), restBits), i64.const(1n));
  return {
    name: 'siphash',
    parameterCount: 2,
    locals: [...new Array<number>(5).fill(ValueType.i64), ValueType.i32],
    body: [
      set(a, i64.xor(keyWord(0), i64.const(0x736f_6d65_7073_6575n))),
      set(b, i64.xor(keyWord(8), i64.const(0x646f_7261_6e64_6f6dn))),
      set(c, i64.xor(keyWord(0), i64.const(0x6c79_6765_6e65_7261n))),
      set(d, i64.xor(keyWord(8), i64.const(0x7465_6462_7974_6573n))),
      set(end, i32.add(get(at), i32.and(get(length), i32.const(-8)))),
      when(
        i32.lessThan(get(at), get(end)),
        repeatWhile(
          i32.lessThan(get(at), get(end)),
          set(word, i64.load(get(at))),
          compress,
          set(at, i32.add(get(at), i32.const(8))),
        ),
      ),
      // The last word: what is left, and the length in the highest byte.
      set(
        word,
        i64.or(
          i64.and(i64.load(get(at)), restMask),
          i64.shl(i64.fromI32(get(length)), i64.const(56n)),
        ),
      ),
      compress,
      set(c, i64.xor(get(c), i64.const(0xffn))),
      round,
      round,
      round,
      round,
      i64.store(
        i32.const(MEMORY.digestAt),
        i64.xor(i64.xor(get(a), get(b)), i64.xor(get(c), get(d))),
      ),
    ].flat(),
  };
}

/** `digest(length)`: the tag of the message. */
function digest(siphashIndex: number): WasmFunction {
  const length = 0;
  const [at, end, blockEnd, key, out] = [1, 2, 3, 4, 5];
  const [first, second, left, right] = [6, 7, 8, 9];
  const [keyA, keyB, keyC, sum, shiftedSum] = [10, 11, 12, 13, 14];
  /** Adds the four products of one step: (left + key) · (right + key 16 bytes further on). */
  const addProducts = (total: number, leftKey: number, rightKey: number): Code =>
    [
      set(left, v128.add32(get(first), get(leftKey))),
      set(right, v128.add32(get(second), get(rightKey))),
      set(
        total,
        v128.add64(
          get(total),
          v128.add64(
            v128.multiplyLow(get(left), get(right)),
            v128.multiplyHigh(get(left), get(right)),
          ),
        ),
      ),
    ].flat();
  const lanesOf = (total: number): Code =>
    i64.add(v128.lane64(get(total), 0), v128.lane64(get(total), 1));
  const block: Code = [
    set(blockEnd, i32.add(get(at), i32.const(NH_BLOCK_BYTES))),
    when(i32.lessThan(get(end), get(blockEnd)), set(blockEnd, get(end))),
    set(key, i32.const(NH_KEY_AT)),
    set(sum, v128.zero),
    set(shiftedSum, v128.zero),
    set(keyA, v128.load(get(key))),
    repeatWhile(
      i32.lessThan(get(at), get(blockEnd)),
      set(first, v128.load(get(at))),
      set(second, v128.load(get(at), NH_SHIFT_BYTES)),
      set(keyB, v128.load(get(key), NH_SHIFT_BYTES)),
      set(keyC, v128.load(get(key), 2 * NH_SHIFT_BYTES)),
      addProducts(sum, keyA, keyB),
      addProducts(shiftedSum, keyB, keyC),
      set(keyA, get(keyC)),
      set(key, i32.add(get(key), i32.const(NH_STEP_BYTES))),
      set(at, i32.add(get(at), i32.const(NH_STEP_BYTES))),
    ),
    i64.store(get(out), lanesOf(sum)),
    i64.store(get(out), lanesOf(shiftedSum), 8),
    set(out, i32.add(get(out), i32.const(16))),
  ].flat();
  return {
    name: 'digest',
    parameterCount: 1,
    locals: [
      ...new Array<number>(5).fill(ValueType.i32),
      ...new Array<number>(9).fill(ValueType.v128),
    ],
    body: [
      set(at, i32.const(MESSAGE_AT)),
      set(end, i32.add(get(at), get(length))),
      v128.store(get(end), v128.zero),
      v128.store(get(end), v128.zero, 16),
      set(out, i32.const(MEMORY.condensedAt)),
      v128.store(get(out), v128.load(get(at))),
      v128.store(get(out), v128.load(get(at), 16), 16),
      set(out, i32.add(get(out), i32.const(CLEAR_BYTES))),
      when(i32.lessThan(get(at), get(end)), repeatWhile(i32.lessThan(get(at), get(end)), block)),
      i64.store(get(out), i64.fromI32(get(length))),
      call(
        siphashIndex,
        i32.const(MEMORY.condensedAt),
        i32.sub(get(out), i32.const(MEMORY.condensedAt - 8)),
      ),
    ].flat(),
  };
}

/** The module's bytes. */
export function encodeTagModule(): Uint8Array {
  return encodeModule([siphash(), digest(0)], MEMORY_BYTES);
}
