import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** What every interface in use carries, taken where its MTU cannot be read. */
const ETHERNET_MTU_BYTES = 1500;
/**
 * Loopback carries 65,536. Packets of half of that are as fast, and lighter for a receive buffer
 * (DESIGN §5).
 */
const LOOPBACK_MTU_BYTES = 32_000;
/** Least and largest that is believed: IPv4's minimum for hosts, and what loopback has. */
const LEAST_MTU_BYTES = 576;
const LARGEST_MTU_BYTES = 65_536;
/** What fits UDP over IPv4. */
const MAX_UDP_PAYLOAD_BYTES = 65_507;
/** IP and UDP headers without options. */
const IPV4_UDP_BYTES = 28;
const IPV6_UDP_BYTES = 48;

/** What is asked of the system; tests hand in another. */
export interface InterfaceFacts {
  readonly platform: NodeJS.Platform;
  readonly interfaces: () => ReturnType<typeof networkInterfaces>;
  /** The text of a file; throws where there is none. */
  readonly readFile: (path: string) => string;
}

const systemFacts: InterfaceFacts = {
  platform: process.platform,
  interfaces: networkInterfaces,
  readFile: (path) => readFileSync(path, 'utf8'),
};

/**
 * Largest UDP payload that the interface with this local address sends in one piece. Above it Linux
 * fragments without a word, so that an MTU probe would always arrive.
 *
 * @param localAddress that of a connected socket; a wildcard belongs to no interface
 * @param wantedMtuBytes IP packets are at most as large; default what is fast there
 */
export function interfaceDatagramBytes(
  localAddress: string,
  wantedMtuBytes?: number,
  facts: InterfaceFacts = systemFacts,
): number {
  const headerBytes = isIPv6(localAddress) ? IPV6_UDP_BYTES : IPV4_UDP_BYTES;
  const wanted = wantedMtuBytes ?? LARGEST_MTU_BYTES;
  const loopbackBytes = wantedMtuBytes ?? LOOPBACK_MTU_BYTES;
  const ipBytes = Math.min(mtuBytes(localAddress, loopbackBytes, facts), wanted);
  return Math.min(ipBytes - headerBytes, MAX_UDP_PAYLOAD_BYTES);
}

/** Of the interface, as IP packets. */
function mtuBytes(localAddress: string, loopbackBytes: number, facts: InterfaceFacts): number {
  const found = interfaceOf(localAddress, facts);
  if (found === undefined) return ETHERNET_MTU_BYTES;
  const readBytes =
    facts.platform === 'linux' ? readInterfaceMtu(found.name, facts.readFile) : undefined;
  if (readBytes === undefined) return ETHERNET_MTU_BYTES;
  return found.isInternal ? Math.min(readBytes, loopbackBytes) : readBytes;
}

function interfaceOf(
  localAddress: string,
  facts: InterfaceFacts,
): { readonly name: string; readonly isInternal: boolean } | undefined {
  const [bare] = localAddress.split('%');
  for (const [name, addresses] of Object.entries(facts.interfaces())) {
    const match = addresses?.find(({ address }) => address.split('%')[0] === bare);
    if (match !== undefined) return { name, isInternal: match.internal };
  }
  return undefined;
}

/**
 * MTU of an interface of Linux, as IP packets; undefined when it cannot be read or believed.
 *
 * @param readFile the text of a file; throws where there is none
 */
export function readInterfaceMtu(
  name: string,
  readFile: InterfaceFacts['readFile'],
): number | undefined {
  // An alias (`eth0:1`) has the MTU of its interface.
  const [device = ''] = name.split(':');
  if (!/^[\w.@-]+$/.test(device) || device.startsWith('.')) return undefined;
  try {
    const bytes = Number(readFile(`/sys/class/net/${device}/mtu`));
    return bytes >= LEAST_MTU_BYTES && bytes <= LARGEST_MTU_BYTES ? bytes : undefined;
  } catch {
    return undefined;
  }
}
