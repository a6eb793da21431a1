import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { MAX_TICKET_ADDRESSES } from './ticket-text.ts';

/**
 * Under which addresses a socket may be reached that is bound to `host`: itself, or for a wildcard the
 * machine's of its family, loopback only when there is no other.
 */
export function ticketAddresses(
  host: string,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): string[] {
  const isAny = host === '0.0.0.0' || host === '::';
  if (!isAny) return [host];
  const family = isIPv6(host) ? 'IPv6' : 'IPv4';
  const usable = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    // A link-local address means nothing without the interface of whoever uses it.
    .filter((found) => found.family === family && !/^fe[89ab]/i.test(found.address));
  const outer = usable.filter(({ internal }) => !internal);
  const chosen = outer.length > 0 ? outer : usable;
  if (chosen.length === 0) return [family === 'IPv6' ? '::1' : '127.0.0.1'];
  return chosen.slice(0, MAX_TICKET_ADDRESSES).map(({ address }) => address);
}
