import { lookup } from 'node:dns/promises';
import { checkServer } from '../chat/server-check.ts';
import { probeTicket, readTicket } from '../transfer/diagnosis.ts';
import type { ServerFacts } from './judge-server.ts';
import type { TicketFacts } from './judge-ticket.ts';
import type { Listener } from '../reach/judge-silence.ts';
import { ownNetworks } from '../reach/own-networks.ts';
import { knock } from '../reach/port-knock.ts';

/** Asks the receiver of a ticket, at all its addresses. Rejects with a `TypeError` when it is none. */
export async function readTicketFacts(ticket: string, listener: Listener): Promise<TicketFacts> {
  const asked = readTicket(ticket)?.addresses ?? [];
  // At the same time: whoever waits wants to know within ten seconds.
  const [probes, knocks] = await Promise.all([
    probeTicket(ticket),
    Promise.all(asked.map((address) => knock(address))),
  ]);
  const addresses = probes.map((probe, index) => ({ probe, knock: knocks[index] }));
  return { platform: process.platform, ownNetworks: ownNetworks(), addresses, listener };
}

/** Asks what is at a host and port; `stateDir` as for `checkServer`. */
export async function readServerFacts(
  host: string,
  port: number,
  stateDir: string,
): Promise<ServerFacts> {
  const [check, udp] = await Promise.all([checkServer(host, port, stateDir), knockAt(host, port)]);
  return { host, port, check, udp };
}

/** A name that no address belongs to is told of by the check of the server. */
async function knockAt(host: string, port: number): Promise<string | undefined> {
  const found = await lookup(host).catch(() => undefined);
  return found === undefined ? 'ENOTFOUND' : knock({ address: found.address, port });
}
