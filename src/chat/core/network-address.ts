/** IPv6 hands each customer a network of 2^64 addresses: limits that count by address count those. */
const NETWORK_GROUPS = 4;

/**
 * What limits per address count by: an IPv4 address as it is, of an IPv6 address the first 64 bits.
 * `address` is as sockets write it, so at most one `::` stands for zeros.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head, tail] = address.split('%')[0]!.split('::') as [string, string | undefined];
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    // `a.b.c.d` at the end takes the place of two groups.
    const tailGroups = tail === '' ? [] : tail.replace(/[^:]*\.[^:]*$/, '0:0').split(':');
    while (groups.length + tailGroups.length < 8) groups.push('0');
    groups.push(...tailGroups);
  }
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
