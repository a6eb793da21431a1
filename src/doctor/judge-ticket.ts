import { exitCodes } from '../report/exit-codes.ts';
import { formatDuration } from '../text/measures.ts';
import { safeLine, safeText, type SafeText } from '../text/safe-text.ts';
import {
  type AddressProbe,
  BASE_DATAGRAM_BYTES,
  PROBE_OPEN_MS,
  type ProbeAnswer,
} from '../transfer/diagnosis.ts';
import { type Finding, type FindingFacts, note, ok, problem } from './finding.ts';
import { letInSteps, letOutSteps } from '../reach/firewall-steps.ts';
import { type NetworkPlace, placeOf } from '../reach/network-place.ts';

/** From this loss on a note is due: below, a series of `PING_COUNT` says little. */
const NOTABLE_LOSS = 0.04;

/** What is known of one address of a ticket. */
export interface AddressFacts {
  readonly probe: AddressProbe;
  /** What the system says of datagrams to there: see `knock`. */
  readonly knock: string | undefined;
}

/** All that the receiver of a ticket is judged by. */
export interface TicketFacts {
  readonly platform: NodeJS.Platform;
  /** Of this machine's interfaces: see `placeOf`. */
  readonly ownNetworks: readonly string[];
  readonly addresses: readonly AddressFacts[];
}

/** A finding for each address, in the order of the ticket. */
export function judgeTicket(facts: TicketFacts): Finding[] {
  const isReached = facts.addresses.some(({ probe }) => probe.outcome === 'answered');
  return facts.addresses.map((address) => judgeAddress(address, facts, isReached));
}

function judgeAddress(
  { probe, knock }: AddressFacts,
  { platform, ownNetworks }: TicketFacts,
  isReached: boolean,
): Finding {
  const { address, port } = probe.address;
  const where = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const place = placeOf(address, ownNetworks);
  const facts: FindingFacts = {
    address,
    port,
    place,
    outcome: probe.outcome,
    ...(knock === undefined ? {} : { systemError: knock }),
    ...probe.answer,
  };
  if (probe.answer !== undefined) return judgeAnswer(where, probe.answer, facts);
  if (isReached) {
    return ok(
      'ticket',
      safeLine`${where} does not answer, and need not: another address does`,
      facts,
    );
  }
  const failed = (exitCode: number, text: SafeText, next: readonly SafeText[]): Finding =>
    problem('ticket', exitCode, safeLine`${where} ${text}`, next, facts);
  switch (probe.outcome) {
    case 'version':
      return failed(exitCodes.version, OTHER_VERSION, [
        safeText('install the same version on both'),
      ]);
    case 'busy':
      return failed(exitCodes.refused, BUSY, [safeText('try again when less is being sent there')]);
    case 'broken':
      return failed(exitCodes.lost, BROKEN, [safeText('try again; look at the network between')]);
    default: {
      const [text, next] = causeOf(place, knock, port, platform);
      return failed(exitCodes.unanswered, text, next);
    }
  }
}

const OTHER_VERSION = safeText('answers, but in no version of the protocol that this side speaks');
const BUSY = safeText('answers that it has no room for another connection');
const BROKEN = safeText('answered, and was gone a moment later');

function judgeAnswer(where: string, answer: ProbeAnswer, facts: FindingFacts): Finding {
  const { minRttMs, sentCount, lostCount, datagramBytes, isLargest } = answer;
  const loss = `${lostCount} of ${sentCount} lost`;
  const size = `${isLargest ? 'datagrams of up to' : 'datagrams of at least'} ${datagramBytes} bytes pass`;
  const text = safeLine`${where} answers after ${minRttMs.toFixed(1)} ms, ${loss}, ${size}`;
  if (lostCount >= sentCount * NOTABLE_LOSS) {
    const step = safeText(
      'the default congestion control keeps its speed; a cable instead of Wi-Fi may cure it',
    );
    return note('ticket', text, [step], facts);
  }
  if (datagramBytes <= BASE_DATAGRAM_BYTES) {
    const step = safeText(
      'a tunnel on the way may have a smaller MTU: transfers work, with more packets',
    );
    return note('ticket', text, [step], facts);
  }
  return ok('ticket', text, facts);
}

/** Why nothing came back, as likely as can be told from here, and what to do about it. */
function causeOf(
  place: NetworkPlace,
  knock: string | undefined,
  port: number,
  platform: NodeJS.Platform,
): [SafeText, readonly SafeText[]] {
  switch (knock) {
    case 'EPERM':
    case 'EACCES':
      return [OWN_FIREWALL, letOutSteps(port, platform)];
    case 'ECONNREFUSED':
      return [NOBODY_LISTENS, [NEW_TICKET]];
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return [NO_ROUTE, [safeText('look at the network of this machine: ip route, ip -6 route')]];
    case 'EHOSTUNREACH':
      return [
        NO_HOST,
        [safeText('is that machine on, and in this network? Its address may have changed')],
      ];
    default:
  }
  const silence = safeLine`is silent for ${formatDuration(PROBE_OPEN_MS)}`;
  switch (place) {
    case 'loopback':
      return [
        safeLine`${silence}: it is a loopback address, which leads to this machine and no other`,
        [safeText('on the receiving machine: upd receive without --host, or with its own address')],
      ];
    case 'private':
      return [
        safeLine`${silence}: it is a private address of another network than this machine's, so it leads nowhere from here`,
        [
          safeText(
            'put both into one network (a VPN), or let the receiver choose an address that is reached from here: upd receive --host',
          ),
          safeLine`or forward UDP port ${port} on the receiver's router to it`,
        ],
      ];
    case 'same-network':
      return [
        safeLine`${silence}, though it is in this machine's network: likely its firewall drops UDP port ${port}, or upd receive runs no more`,
        [...letInSteps(port), STABLE_PORT],
      ];
    case 'public':
      return [
        safeLine`${silence}: likely the receiver's firewall or router drops UDP port ${port}, or upd receive runs no more`,
        [...letInSteps(port), STABLE_PORT, safeLine`and forward UDP port ${port} on its router`],
      ];
  }
}

const OWN_FIREWALL = safeText(
  "is not asked: this machine's own firewall does not let the datagrams out",
);
const NOBODY_LISTENS = safeText(
  'is refused: the machine is there and says that no program listens at that port (or its firewall says so)',
);
const NEW_TICKET = safeText(
  'there: upd receive, and use the ticket that it shows now; every start makes a new one',
);
const NO_ROUTE = safeText('cannot be asked: this machine has no way to such an address');
const NO_HOST = safeText(
  'is not there: the last router, or this machine, finds nobody with that address',
);
const STABLE_PORT = safeText('upd receive --port N keeps the port, so that the rule stays right');
