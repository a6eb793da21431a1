import { networkInterfaces } from 'node:os';

/** Of this machine's interfaces that lead to others, as `192.168.1.7/24`. */
export function ownNetworks(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .flatMap(({ cidr, internal }) => (cidr === null || internal ? [] : [cidr]));
}
