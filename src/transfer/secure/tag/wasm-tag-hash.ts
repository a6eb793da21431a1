import { INPUT_PREFIX_BYTES, MAX_MESSAGE_BYTES, TAG_BYTES, type TagHash } from './tag-hash.ts';
import { encodeTagModule, MEMORY } from './tag-module.ts';

/** What is used of WebAssembly's interface, which the type library of es2023 does not know. */
declare const WebAssembly:
  | {
      readonly Module: new (bytes: Uint8Array) => object;
      readonly Instance: new (module: object) => { readonly exports: unknown };
    }
  | undefined;

interface TagModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly siphash: (at: number, length: number) => void;
  readonly digest: (length: number) => void;
}

/** The hash in WebAssembly, with SIMD. */
export class WasmTagHash implements TagHash {
  readonly input: Uint8Array;
  readonly #module: TagModule;
  readonly #memory: Uint8Array;
  readonly #digest: Uint8Array;
  /** The key that lies in the module's memory. */
  #key: Uint8Array | undefined;

  private constructor(module: TagModule) {
    this.#module = module;
    this.#memory = new Uint8Array(module.memory.buffer);
    this.#digest = this.#memory.subarray(MEMORY.digestAt, MEMORY.digestAt + TAG_BYTES);
    const inputBytes = INPUT_PREFIX_BYTES + MAX_MESSAGE_BYTES;
    this.input = this.#memory.subarray(MEMORY.inputAt, MEMORY.inputAt + inputBytes);
  }

  /** Undefined where the machine has no WebAssembly, or none with SIMD. */
  static create(): WasmTagHash | undefined {
    if (typeof WebAssembly === 'undefined') return undefined;
    try {
      const instance = new WebAssembly.Instance(new WebAssembly.Module(encodeTagModule()));
      return new WasmTagHash(instance.exports as TagModule);
    } catch {
      return undefined;
    }
  }

  digest(key: Uint8Array, length: number): Uint8Array {
    this.#load(key);
    this.#module.digest(length);
    return this.#digest;
  }

  /** SipHash-2-4 by itself, of the first `length` bytes of the message. */
  siphash(key: Uint8Array, length: number): Uint8Array {
    this.#load(key);
    this.#module.siphash(MEMORY.inputAt + INPUT_PREFIX_BYTES, length);
    return this.#digest;
  }

  #load(key: Uint8Array): void {
    if (key === this.#key) return;
    this.#memory.set(key, MEMORY.keyAt);
    this.#key = key;
  }
}
