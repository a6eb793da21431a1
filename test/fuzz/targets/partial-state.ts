import assert from 'node:assert/strict';
import {
  formatState,
  newState,
  parseState,
  type PartialState,
} from '../../../src/transfer/io/disk/disk-state.ts';
import { type FuzzTarget, tokens } from '../target.ts';

const size = { sizeBytes: 70_000, isSizeKnown: true };
const source = { ...size, mtimeNs: 7n, ctimeNs: -8n, inode: 9n, device: 10n };
const states: readonly PartialState[] = [
  newState('derek', { kind: 'file', name: 'film.mp4', mode: 0o644, ...source }, 'derek_film.mp4'),
  {
    ...newState('', { kind: 'folder', name: 'd', mode: 0o755, ...source }, 'd (1)'),
    owner: '',
    partInode: 2n ** 63n,
    durableBytes: 65_536,
  },
];

/** `NAME.part.state`, which anybody who may write to the inbox may have written. */
export const partialStateTargets: readonly FuzzTarget[] = [
  {
    name: 'partial-state',
    maxInputBytes: 600,
    seeds: () => states.map((state) => new TextEncoder().encode(formatState(state))),
    dictionary: tokens('"durableBytes":', '"version":', 'null', '-1', '1e999', '9007199254740993'),
    run(input) {
      const state = parseState(new TextDecoder().decode(input));
      if (state === undefined) return 'none';
      assert(state.durableBytes <= state.sizeBytes, 'no more is durable than there is');
      assert(state.durableBytes >= 0 && Number.isSafeInteger(state.sizeBytes), 'sizes are sizes');
      assert.deepEqual(parseState(formatState(state)), state);
      return state.kind;
    },
  },
];
