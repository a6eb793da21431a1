import { safeLine, safeText } from '../text/safe-text.ts';
import { OPEN_BYTES, SCOUT_BYTES, type SocketAddress } from '../transfer/diagnosis.ts';
import { letAnswersInLine, letInLine, letOutSteps } from './firewall-steps.ts';
import { placeText } from './judge-silence.ts';
import { placeOf } from './network-place.ts';
import type { ReachFinding } from './reach-finding.ts';

/** IP's and UDP's headers; with them an OPEN is the smallest packet that a path must carry. */
const HEADER_BYTES = 28;

/** Datagrams of both sizes of an opening. */
export interface DatagramCounts {
  readonly openCount: number;
  readonly scoutCount: number;
}

/** What the other side of an opening says. Nobody vouches for it. */
export type SeenDatagrams = DatagramCounts & { readonly answerCount: number };

/** All that an opener knows when nobody answers. */
export interface OpeningFacts {
  readonly peer: string;
  readonly address: SocketAddress;
  readonly sent: DatagramCounts;
  /** Undefined when the other side says nothing, as an older program. */
  readonly seen: SeenDatagrams | undefined;
  /** What the system says of datagrams to there: see `knock`. */
  readonly knock: string | undefined;
  /** Of this machine's interfaces: see `placeOf`. */
  readonly ownNetworks: readonly string[];
  /** This side has reached the chat server over loopback: the server is on this machine. */
  readonly isServerHere: boolean;
  readonly platform: NodeJS.Platform;
}

/** What is the likely cause, and what opens the way. */
export function judgeOpening(facts: OpeningFacts): ReachFinding {
  const { peer, address, sent, seen, platform } = facts;
  const { port } = address;
  const sentCount = sent.openCount + sent.scoutCount;
  if (seen === undefined) {
    return {
      cause: 'silent',
      text: safeLine`${peer} does not answer (${datagrams(sentCount)} to ${placeText(address)}) and does not say what arrived there: a firewall on either side, or a router, most likely blocks UDP port ${port}.`,
      steps: [safeLine`there: ${letInLine(port)}`],
    };
  }
  const seenCount = seen.openCount + seen.scoutCount;
  if (seenCount === 0) return judgeUnseen(facts, sentCount);
  if (seen.openCount === 0) {
    return {
      cause: 'mtu',
      text: safeLine`${peer} saw ${seen.scoutCount} of our datagrams of ${SCOUT_BYTES} bytes and none of ${sent.openCount} of ${OPEN_BYTES}: the way there does not carry IP packets of ${OPEN_BYTES + HEADER_BYTES} bytes, the least that a transfer needs (--mtu goes no lower).`,
      steps: [
        safeLine`raise the MTU of the tunnel or VPN in between: ip link set dev NAME mtu ${OPEN_BYTES + HEADER_BYTES} or more`,
      ],
    };
  }
  if (seen.answerCount === 0) {
    return {
      cause: 'unanswered',
      text: safeLine`${peer} saw ${seenCount} of our ${datagrams(sentCount)} and has answered none: too much is on its way there, or the two programs do not fit together.`,
      steps: [safeText('try again later, with the same version on both sides')],
    };
  }
  return {
    cause: 'no-answer-arrives',
    text: safeLine`${peer} saw ${seenCount} of our ${datagrams(sentCount)} and has answered ${seen.answerCount} times, and no answer arrived here: a firewall here, or the router before it, most likely drops what comes from UDP port ${port}.`,
    steps: [safeLine`here: ${letAnswersInLine(address.address, port, platform)}`],
  };
}

/** Nothing arrived. */
function judgeUnseen(
  { peer, address, knock, ownNetworks, isServerHere, platform }: OpeningFacts,
  sentCount: number,
): ReachFinding {
  const { port } = address;
  const saw = safeLine`${peer} saw none of our ${datagrams(sentCount)}`;
  const letIn = safeLine`there: ${letInLine(port)}`;
  switch (knock) {
    case 'EPERM':
    case 'EACCES':
      return {
        cause: 'own-firewall',
        text: safeLine`${saw}: this machine's own firewall does not let them out.`,
        steps: letOutSteps(port, platform),
      };
    case 'ECONNREFUSED':
      return {
        cause: 'refused',
        text: safeLine`${saw}: ${placeText(address)} refuses them, so a firewall there (or the router before it) rejects UDP port ${port}.`,
        steps: [letIn],
      };
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
    case 'EHOSTUNREACH':
      return {
        cause: 'no-way',
        text: safeLine`${saw}: this machine has no way to ${address.address} (${knock}).`,
        steps: [safeText('look at the networks of both machines: ip route, ip -6 route')],
      };
    default:
  }
  switch (placeOf(address.address, ownNetworks)) {
    case 'loopback':
      if (isServerHere) break;
      return {
        cause: 'loopback-address',
        text: safeLine`${saw}: ${address.address}, where the chat server says that ${peer} is, leads to this machine.`,
        steps: [
          safeLine`${peer} is on the server's machine: log in there with its network address in place of ${address.address}`,
        ],
      };
    case 'private':
      return {
        cause: 'private-address',
        text: safeLine`${saw}: ${address.address} is a private address of another network than this machine's, and most likely leads nowhere from here.`,
        steps: [
          safeText('put both into one network (a VPN), or send by a ticket: upd receive --host'),
        ],
      };
    default:
  }
  return {
    cause: 'nothing-arrives',
    text: safeLine`${saw}: a firewall there, or the router before it, most likely blocks UDP port ${port}.`,
    steps: [letIn],
  };
}

/** All that the other side knows when an opener says that nobody answers it. */
export interface ExpectedFacts {
  readonly peer: string;
  /** What the opener says that it sent, and where to. Nobody vouches for it. */
  readonly sent: DatagramCounts;
  readonly address: SocketAddress;
  readonly seen: SeenDatagrams;
  /** Where this side listens. */
  readonly ownPort: number;
  readonly ownNetworks: readonly string[];
  readonly platform: NodeJS.Platform;
}

/** The same for the other side; undefined where there is nothing to say here. */
export function judgeExpected(facts: ExpectedFacts): ReachFinding | undefined {
  const { peer, sent, address, seen, ownPort, ownNetworks, platform } = facts;
  if (seen.openCount > 0) {
    if (seen.answerCount === 0) return undefined;
    return {
      cause: 'no-answer-arrives',
      text: safeLine`${peer} sends to you and gets no answer: the datagrams arrive here, and ours most likely stop at ${peer}'s firewall.`,
      steps: [],
    };
  }
  if (seen.scoutCount > 0) {
    return {
      cause: 'mtu',
      text: safeLine`${peer} sends to you, and only datagrams of ${SCOUT_BYTES} bytes arrive here, none of ${OPEN_BYTES}: the MTU of a tunnel or VPN in between is too small.`,
      steps: [],
    };
  }
  const sentCount = sent.openCount + sent.scoutCount;
  const nothing = safeLine`${peer} sends to you, and nothing arrives here (${datagrams(sentCount)} to ${placeText(address)})`;
  if (placeOf(address.address, []) === 'loopback') {
    return {
      cause: 'loopback-address',
      text: safeLine`${nothing}: others are told that you are at ${address.address}, which leads to their own machine.`,
      steps: [safeLine`log in with the server's network address in place of ${address.address}`],
    };
  }
  const isOwn = ownNetworks.some((network) => network.split('/')[0] === address.address);
  const forward = safeLine`${address.address} is not this machine but its router: forward UDP port ${ownPort} there to it`;
  return {
    cause: 'nothing-arrives',
    text: safeLine`${nothing}: a firewall of this machine, or its router, most likely blocks UDP port ${ownPort}.`,
    steps: [letInLine(ownPort, platform), ...(isOwn ? [] : [forward])],
  };
}

function datagrams(count: number): string {
  return count === 1 ? '1 datagram' : `${count} datagrams`;
}
