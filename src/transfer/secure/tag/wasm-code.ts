/**
 * Writes the binary form of WebAssembly (core specification 2.0 §5): just the instructions that
 * `tag-module.ts` is made of. An operand stands inside its instruction, as in a formula.
 */

/** Bytes of instructions. */
export type Code = readonly number[];

/** What stands behind an address: bytes that are added to it. */
type Offset = number;

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(BigInt(value))],
  add: (a: Code, b: Code): Code => [...a, ...b, 0x6a],
  sub: (a: Code, b: Code): Code => [...a, ...b, 0x6b],
  and: (a: Code, b: Code): Code => [...a, ...b, 0x71],
  shl: (a: Code, b: Code): Code => [...a, ...b, 0x74],
  lessThan: (a: Code, b: Code): Code => [...a, ...b, 0x49],
} as const;

export const i64 = {
  const: (value: bigint): Code => [0x42, ...signed(BigInt.asIntN(64, value))],
  load: (at: Code, offset: Offset = 0): Code => [...at, 0x29, 0, ...unsigned(offset)],
  store: (at: Code, value: Code, offset: Offset = 0): Code => [
    ...at,
    ...value,
    0x37,
    0,
    ...unsigned(offset),
  ],
  fromI32: (a: Code): Code => [...a, 0xad],
  add: (a: Code, b: Code): Code => [...a, ...b, 0x7c],
  sub: (a: Code, b: Code): Code => [...a, ...b, 0x7d],
  and: (a: Code, b: Code): Code => [...a, ...b, 0x83],
  or: (a: Code, b: Code): Code => [...a, ...b, 0x84],
  xor: (a: Code, b: Code): Code => [...a, ...b, 0x85],
  shl: (a: Code, b: Code): Code => [...a, ...b, 0x86],
  rotl: (a: Code, b: Code): Code => [...a, ...b, 0x89],
} as const;

/** 128 bits as two or four lanes (fixed-width SIMD). */
export const v128 = {
  zero: [0xfd, 0x0c, ...new Array<number>(16).fill(0)] as Code,
  load: (at: Code, offset: Offset = 0): Code => [...at, 0xfd, 0x00, 0, ...unsigned(offset)],
  store: (at: Code, value: Code, offset: Offset = 0): Code => [
    ...at,
    ...value,
    0xfd,
    0x0b,
    0,
    ...unsigned(offset),
  ],
  /** Four sums of 32 bits. */
  add32: (a: Code, b: Code): Code => [...a, ...b, 0xfd, 0xae, 0x01],
  /** Two sums of 64 bits. */
  add64: (a: Code, b: Code): Code => [...a, ...b, 0xfd, 0xce, 0x01],
  /** Two products of 64 bits of the two lower lanes of 32 bits, and of the two upper ones. */
  multiplyLow: (a: Code, b: Code): Code => [...a, ...b, 0xfd, 0xde, 0x01],
  multiplyHigh: (a: Code, b: Code): Code => [...a, ...b, 0xfd, 0xdf, 0x01],
  lane64: (a: Code, lane: 0 | 1): Code => [...a, 0xfd, 0x1d, lane],
} as const;

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const call = (functionIndex: number, ...parameters: readonly Code[]): Code => [
  ...parameters.flat(),
  0x10,
  ...unsigned(functionIndex),
];
export const when = (condition: Code, ...body: readonly Code[]): Code => [
  ...condition,
  0x04,
  0x40,
  ...body.flat(),
  0x0b,
];
/** Runs `body`, and again as long as `condition` holds behind it. */
export const repeatWhile = (condition: Code, ...body: readonly Code[]): Code => [
  0x03,
  0x40,
  ...body.flat(),
  ...condition,
  0x0d,
  0,
  0x0b,
];

export const ValueType = { i32: 0x7f, i64: 0x7e, v128: 0x7b } as const;

/** A function that takes i32s, and returns nothing. */
export interface WasmFunction {
  /** Exported under this name. */
  readonly name: string;
  readonly parameterCount: number;
  /** Types of the locals, which are numbered on from the parameters. */
  readonly locals: readonly number[];
  readonly body: Code;
}

const PAGE_BYTES = 65_536;

/** A module of these functions over a memory of its own, exported as `memory`. */
export function encodeModule(functions: readonly WasmFunction[], memoryBytes: number): Uint8Array {
  const types = functions.map(({ parameterCount }) => [
    0x60,
    ...vector(new Array<Code>(parameterCount).fill([ValueType.i32])),
    ...vector([]),
  ]);
  const exported = functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]);
  const bodies = functions.map(({ locals, body }) => {
    const code = [...vector(locals.map((type) => [1, type])), ...body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(types)),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(5, vector([[0x00, ...unsigned(Math.ceil(memoryBytes / PAGE_BYTES))]])),
    ...section(7, vector([[...text('memory'), 0x02, 0x00], ...exported])),
    ...section(10, vector(bodies)),
  ]);
}

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): Code {
  const bytes = new TextEncoder().encode(value);
  return [...unsigned(bytes.length), ...bytes];
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: bigint): Code {
  const low = Number(value & 0x7fn);
  const isLast = value >= -0x40n && value < 0x40n;
  return isLast ? [low] : [low | 0x80, ...signed(value >> 7n)];
}
