import type { Peer } from '../peer.ts';
import { nodeTcp, nodeTls } from './node-streams.ts';
import { quic } from './quic.ts';
import { scp } from './scp.ts';
import { udt } from './udt.ts';
import { udx } from './udx.ts';
import { updraft, updraftOver } from './updraft.ts';

/** @param modules where packages lie that are no dependencies of the project */
export function allPeers(modules: string): readonly Peer[] {
  return [updraft, updraftOver, nodeTcp, nodeTls, scp, quic, udx(modules), udt];
}

/** Those that were named, in the order of all; throws what nobody is called. */
export function chosen(peers: readonly Peer[], names: readonly string[] | undefined): Peer[] {
  const known = peers.map(({ name }) => name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(`no program is called ${unknown}: --peers takes some of ${known.join(',')}`);
  }
  return peers.filter(({ name }) => names?.includes(name) ?? true);
}
