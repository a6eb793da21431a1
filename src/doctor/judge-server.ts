import type { ServerCheck } from '../chat/server-check.ts';
import { exitCodes } from '../report/exit-codes.ts';
import { safeLine, safeText, type SafeText } from '../text/safe-text.ts';
import { type Finding, note, ok, problem } from './finding.ts';

/** What is known of a host and port. */
export interface ServerFacts {
  readonly host: string;
  readonly port: number;
  readonly check: ServerCheck;
  /** What the system says of UDP datagrams to there: see `knock`. */
  readonly udp: string | undefined;
}

/** A finding for the chat server, one for its key where it has shown one, and one for UDP. */
export function judgeServer(facts: ServerFacts): Finding[] {
  return [judgeReach(facts), ...judgeKey(facts), ...judgeUdp(facts)];
}

function judgeReach({ host, port, check }: ServerFacts): Finding {
  const { failure, code, elapsedMs } = check;
  const where = placeText(host, port);
  const facts = { host, port, elapsedMs, systemError: code };
  if (failure === undefined) {
    const text = safeLine`a chat server answers at ${where}, over TCP and TLS, in ${elapsedMs.toFixed(0)} ms`;
    return ok('server', text, facts);
  }
  const text = safeLine`no chat server can be reached at ${where}: ${failure}`;
  const next = STEPS[code ?? ''] ?? silentSteps(port);
  return problem('server', exitCodes.unanswered, text, next, facts);
}

const STEPS: Readonly<Record<string, readonly SafeText[]>> = {
  ECONNREFUSED: [
    safeText(
      'the machine is there: is upd server running on it, at that port, and with --host for others?',
    ),
  ],
  ENOTFOUND: [safeText('there is no machine of that name: look for a typo, or use its address')],
  EAI_AGAIN: [safeText('no name server answers: use the address, or look at the network here')],
  ENETUNREACH: [safeText('look at the network of this machine: ip route, ip -6 route')],
  EHOSTUNREACH: [safeText('is that machine on, and in this network?')],
  EPROTO: [safeText('another program has that port: ask whoever runs the server for it')],
  ECONNRESET: [safeText('another program has that port: ask whoever runs the server for it')],
};

function silentSteps(port: number): SafeText[] {
  return [
    safeText('look at address and port, and that the server is running'),
    safeLine`a firewall may drop it; there, if it has ufw: sudo ufw allow ${port}/tcp`,
    safeLine`firewalld: sudo firewall-cmd --add-port=${port}/tcp`,
    safeLine`Windows: netsh advfirewall firewall add rule name=updraft dir=in action=allow protocol=TCP localport=${port}`,
  ];
}

function judgeKey({ host, port, check }: ServerFacts): Finding[] {
  const { shown, known, unreadable } = check;
  if (shown === undefined) return [];
  const facts = { shown, known };
  if (unreadable !== undefined) {
    const text = safeLine`the key kept of it cannot be read, so ${shown} is compared with nothing: ${unreadable}`;
    const step = safeText(
      'mend that file, or remove it and compare the key with whoever runs the server',
    );
    return [problem('key', exitCodes.localFile, text, [step], facts)];
  }
  if (known === undefined) {
    const text = safeLine`${shown} is not known here: a first connection will trust it`;
    const step = safeLine`compare it with what the server showed at its start; upd client --fingerprint ${shown} pins it`;
    return [note('key', text, [step], facts)];
  }
  if (known === shown) return [ok('key', safeLine`${shown}, as it was before`, facts)];
  const where = placeText(host, port);
  const text = safeLine`${where} has a new key ${shown}, it was ${known}: it was set up anew, or somebody sits in between`;
  const step = safeLine`ask whoever runs it; if the new key is right, connect once with --fingerprint ${shown}`;
  return [problem('key', exitCodes.login, text, [step], facts)];
}

/** Honest about what cannot be known: a program of ours is silent to strangers, as a firewall is. */
function judgeUdp({ port, udp }: ServerFacts): Finding[] {
  // The check of the server tells of a name without an address.
  if (udp === 'ENOTFOUND') return [];
  const facts = { port, systemError: udp };
  if (udp === undefined) {
    const text = safeLine`UDP ${port} is silent, which says nothing: whoever receives there answers only those who were introduced, just as a firewall that drops all`;
    return [ok('udp', text, facts)];
  }
  if (udp === 'ECONNREFUSED') {
    const text = safeLine`nobody receives at UDP ${port}; a chat server needs none, its clients have ports of their own`;
    return [ok('udp', text, facts)];
  }
  const isOwn = udp === 'EPERM' || udp === 'EACCES';
  const text = isOwn
    ? safeLine`this machine's own firewall lets no datagrams out to UDP ${port}`
    : safeLine`datagrams to UDP ${port} do not get there (${udp})`;
  const step = isOwn
    ? safeText('let UDP out here: files go from client to client over it')
    : safeText('look at the network of this machine');
  return [note('udp', text, [step], facts)];
}

function placeText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
