import { BENCH_PREFIX, ticketOfBench } from '../bench/bench-ticket.ts';
import type { Listener } from '../reach/judge-silence.ts';
import { readTicket } from '../transfer/diagnosis.ts';

/** Whom `upd doctor` is to ask. */
export type DoctorTarget =
  | { readonly kind: 'ticket'; readonly ticket: string; readonly listener: Listener }
  | { readonly kind: 'server'; readonly host: string; readonly port: number };

const MAX_PORT = 65_535;

/** What `text` names: a ticket, also of a bench, or a host and port; else why it is none of them. */
export function doctorTarget(text: string): DoctorTarget | string {
  if (readTicket(text) !== undefined) {
    return { kind: 'ticket', ticket: text, listener: 'upd receive' };
  }
  if (text.startsWith(BENCH_PREFIX)) {
    const found = ticketOfBench(text);
    if (typeof found === 'string') return found;
    return { kind: 'ticket', ticket: found.ticket, listener: 'upd bench --listen' };
  }
  if (text.startsWith('upd1')) {
    return 'that is no ticket, or not all of it: it is one word that begins with upd1; copy it once more from upd receive';
  }
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9a-f:.%]+)\]|([^\s:[\]]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > MAX_PORT) {
    return `${text} is neither a ticket nor HOST:PORT; a user is known to a chat server: DOC USER in upd client asks them`;
  }
  return { kind: 'server', host, port };
}
