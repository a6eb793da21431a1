import { PlainTagHash } from './plain-tag-hash.ts';
import type { TagHash } from './tag-hash.ts';
import { WasmTagHash } from './wasm-tag-hash.ts';

let available: TagHash | undefined;

/** The fastest hash that this machine runs: one a thread, made at the first call. */
export function availableTagHash(): TagHash {
  available ??= WasmTagHash.create() ?? new PlainTagHash();
  return available;
}
