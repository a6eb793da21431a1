import { dirname } from 'node:path';
import { compiledScript } from '../../compiled.ts';
import type { Peer } from '../peer.ts';
import { freePort } from '../stage.ts';

const node = process.execPath;
const side = (): string => compiledScript('peers/sides/updraft.ts');

/** As it ships. */
export const updraft: Peer = {
  name: 'updraft',
  description: 'as it ships: sealed, hashed, a new file, synced and renamed',
  isEncrypted: true,
  target: 'replaced',
  prepare: () => undefined,
  run: async (stage) => {
    const to = [stage.place.addresses.b, await freePort('udp')];
    const script = side();
    return stage.ownTimes(
      [node, script, 'recv', ...to, dirname(stage.target)],
      [node, script, 'send', ...to, stage.source],
    );
  },
};

/** What the others are spared, it is spared too. */
export const updraftOver: Peer = {
  ...updraft,
  name: 'updraft over',
  description: 'the library, into a stream over the file',
  target: 'written over',
  run: async (stage) => {
    const to = [stage.place.addresses.b, await freePort('udp')];
    const script = side();
    return stage.ownTimes(
      [node, script, 'over', ...to, stage.target],
      [node, script, 'send', ...to, stage.source],
    );
  },
};
