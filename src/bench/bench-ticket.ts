import { readTicket } from '../transfer/index.ts';

/**
 * In front of the ticket of `upd bench --listen`. Neither command takes the ticket of the other by mistake:
 * `upd receive` would store what a bench sends, and a bench stores nothing of what `upd send` sends.
 */
export const BENCH_PREFIX = 'bench-';

export function benchTicket(ticket: string): string {
  return `${BENCH_PREFIX}${ticket}`;
}

/** The ticket in `text`, or why it names no `upd bench --listen`. */
export function ticketOfBench(text: string): { readonly ticket: string } | string {
  const ticket = text.startsWith(BENCH_PREFIX) ? text.slice(BENCH_PREFIX.length) : undefined;
  if (ticket !== undefined && readTicket(ticket) !== undefined) return { ticket };
  if (readTicket(text) !== undefined) {
    return 'that ticket is of upd receive, which would store what a bench sends: run upd bench --listen there and use its ticket';
  }
  return `that is no ticket of upd bench --listen, or not all of it: it is one word that begins with ${BENCH_PREFIX}upd1`;
}
