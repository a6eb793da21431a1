import { formatDuration } from '../text/measures.ts';
import { safeLine, safeText } from '../text/safe-text.ts';
import type { SocketAddress } from '../transfer/diagnosis.ts';
import { letInSteps, letOutSteps } from './firewall-steps.ts';
import { type NetworkPlace, placeOf } from './network-place.ts';
import type { ReachFinding } from './reach-finding.ts';

/** The command that shows a ticket and waits at its addresses. */
export type Listener = 'upd receive' | 'upd bench --listen';

/** What is known here of an address of a ticket that does not answer. */
export interface SilenceFacts {
  readonly address: SocketAddress;
  readonly silentMs: number;
  /** What the system says of datagrams to there: see `knock`. */
  readonly knock: string | undefined;
  /** Of this machine's interfaces: see `placeOf`. */
  readonly ownNetworks: readonly string[];
  readonly platform: NodeJS.Platform;
  readonly listener: Listener;
}

/**
 * Why nothing came back, as likely as can be told from here, and what to do about it. The text is a
 * clause without its full stop.
 */
export function judgeSilence(facts: SilenceFacts): ReachFinding {
  const { address, ownNetworks } = facts;
  const where = placeText(address);
  const found =
    ofSystem(facts) ?? ofPlace(placeOf(address.address, ownNetworks), address.port, facts);
  return { ...found, text: safeLine`${where} ${found.text}` };
}

export function placeText({ address, port }: SocketAddress): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Undefined when the system says nothing. */
function ofSystem({ knock, address, platform, listener }: SilenceFacts): ReachFinding | undefined {
  switch (knock) {
    case 'EPERM':
    case 'EACCES':
      return {
        cause: 'own-firewall',
        text: safeText("is not asked: this machine's own firewall does not let the datagrams out"),
        steps: letOutSteps(address.port, platform),
      };
    case 'ECONNREFUSED':
      return {
        cause: 'refused',
        text: safeText(
          'is refused: the machine is there and says that no program listens at that port (or its firewall says so)',
        ),
        steps: [
          safeLine`there: ${listener}, and use the ticket that it shows now; every start makes a new one`,
        ],
      };
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return {
        cause: 'no-way',
        text: safeText('cannot be asked: this machine has no way to such an address'),
        steps: [safeText('look at the network of this machine: ip route, ip -6 route')],
      };
    case 'EHOSTUNREACH':
      return {
        cause: 'no-host',
        text: safeText(
          'is not there: the last router, or this machine, finds nobody with that address',
        ),
        steps: [safeText('is that machine on, and in this network? Its address may have changed')],
      };
    default:
      return undefined;
  }
}

function ofPlace(
  place: NetworkPlace,
  port: number,
  { silentMs, listener }: SilenceFacts,
): ReachFinding {
  const silence = safeLine`is silent for ${formatDuration(silentMs)}`;
  const stablePort = safeLine`${listener} --port N keeps the port, so that the rule stays right`;
  switch (place) {
    case 'loopback':
      return {
        cause: 'loopback-address',
        text: safeLine`${silence}: it is a loopback address, which leads to this machine and no other`,
        steps: [
          safeLine`on the receiving machine: ${listener} without --host, or with its own address`,
        ],
      };
    case 'private':
      return {
        cause: 'private-address',
        text: safeLine`${silence}: it is a private address of another network than this machine's, so it leads nowhere from here`,
        steps: [
          safeLine`put both into one network (a VPN), or let the receiver choose an address that is reached from here: ${listener} --host`,
          safeLine`or forward UDP port ${port} on the receiver's router to it`,
        ],
      };
    case 'same-network':
      return {
        cause: 'silent',
        text: safeLine`${silence}, though it is in this machine's network: likely its firewall drops UDP port ${port}, or ${listener} runs no more`,
        steps: [...letInSteps(port), stablePort],
      };
    case 'public':
      return {
        cause: 'silent',
        text: safeLine`${silence}: likely the receiver's firewall or router drops UDP port ${port}, or ${listener} runs no more`,
        steps: [
          ...letInSteps(port),
          stablePort,
          safeLine`and forward UDP port ${port} on its router`,
        ],
      };
  }
}
