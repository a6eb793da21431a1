import { exitCodes } from '../report/exit-codes.ts';
import { safeLine, safeText, type SafeText } from '../text/safe-text.ts';
import {
  type AddressProbe,
  BASE_DATAGRAM_BYTES,
  PROBE_OPEN_MS,
  type ProbeAnswer,
} from '../transfer/diagnosis.ts';
import { type Finding, type FindingFacts, note, ok, problem } from './finding.ts';
import { judgeSilence, type Listener, placeText } from '../reach/judge-silence.ts';
import { placeOf } from '../reach/network-place.ts';

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
  /** What shows such a ticket. */
  readonly listener: Listener;
}

/** A finding for each address, in the order of the ticket. */
export function judgeTicket(facts: TicketFacts): Finding[] {
  const isReached = facts.addresses.some(({ probe }) => probe.outcome === 'answered');
  return facts.addresses.map((address) => judgeAddress(address, facts, isReached));
}

function judgeAddress(
  { probe, knock }: AddressFacts,
  { platform, ownNetworks, listener }: TicketFacts,
  isReached: boolean,
): Finding {
  const { address, port } = probe.address;
  const where = placeText(probe.address);
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
      const { text, steps } = judgeSilence({
        ...{ address: probe.address, silentMs: PROBE_OPEN_MS, knock },
        ...{ ownNetworks, platform, listener },
      });
      return problem('ticket', exitCodes.unanswered, text, steps, facts);
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
