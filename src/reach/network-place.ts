import { BlockList, isIPv6 } from 'node:net';

/** Where an address lies, as seen from this machine. */
export type NetworkPlace = 'loopback' | 'same-network' | 'private' | 'public';

/** Addresses that mean something inside one network only (RFC 1918, 6598, 3927, 4193, 4291). */
const PRIVATE_NETWORKS = [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['fc00::', 7],
  ['fe80::', 10],
] as const;

/** @param ownNetworks of this machine's interfaces, as `192.168.1.7/24` */
export function placeOf(address: string, ownNetworks: readonly string[]): NetworkPlace {
  if (isIn(address, [['127.0.0.0', 8]]) || address === '::1') return 'loopback';
  const own = ownNetworks.map((network): [string, number] => {
    const [base = '', bits = ''] = network.split('/');
    return [base, Number(bits)];
  });
  if (isIn(address, own)) return 'same-network';
  return isIn(address, PRIVATE_NETWORKS) ? 'private' : 'public';
}

function isIn(address: string, networks: readonly (readonly [string, number])[]): boolean {
  const list = new BlockList();
  for (const [base, bits] of networks) list.addSubnet(base, bits, familyOf(base));
  return list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
