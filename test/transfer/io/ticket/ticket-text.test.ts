import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeTicket,
  encodeTicket,
  type Ticket,
} from '../../../../src/transfer/io/ticket/ticket-text.ts';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const tickets: fc.Arbitrary<Ticket> = fc.record({
  secret: bytes32,
  receiverKey: bytes32,
  port: fc.integer({ min: 1, max: 65_535 }),
  addresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { minLength: 1, maxLength: 4 }),
});

const ticket: Ticket = {
  secret: new Uint8Array(32).fill(1),
  receiverKey: new Uint8Array(32).fill(2),
  port: 6000,
  addresses: ['192.0.2.7', '2001:db8::1'],
};
const text = encodeTicket(ticket);

test('a ticket is one word that begins with upd1, and says again what it was made of', () => {
  fc.assert(
    fc.property(tickets, (made) => {
      const word = encodeTicket(made);
      expect(word).toMatch(/^upd1[\w-]{36,}$/);
      const read = decodeTicket(word)!;
      expect(read).toMatchObject({ ...made, addresses: read.addresses });
      expect(read.addresses).toHaveLength(made.addresses.length);
      expect(encodeTicket(read)).toBe(word);
    }),
  );
  expect(decodeTicket(text)).toEqual(ticket);
});

test.each(['::', '::1', 'fe80::1:2', '1:2:3:4:5:6:7:8', '::ffff:c000:207', '2001:db8::'])(
  'the address %s stays itself',
  (address) => {
    const word = encodeTicket({ ...ticket, addresses: [address] });
    expect(decodeTicket(word)!.addresses).toEqual([address]);
  },
);

test('each single character that is another makes it no ticket, and so does one that is missing', () => {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (let at = 0; at < text.length; at++) {
    for (const digit of [...Array.from(digits), ' ', '\n', '\u00e9']) {
      if (digit === text[at]) continue;
      expect(decodeTicket(`${text.slice(0, at)}${digit}${text.slice(at + 1)}`)).toBeUndefined();
    }
    expect(decodeTicket(text.slice(0, at) + text.slice(at + 1))).toBeUndefined();
  }
});

test('two characters that changed places are noticed', () => {
  for (let at = 1; at < text.length; at++) {
    if (text[at - 1] === text[at]) continue;
    const swapped = `${text.slice(0, at - 1)}${text[at]!}${text[at - 1]!}${text.slice(at + 1)}`;
    expect(decodeTicket(swapped)).toBeUndefined();
  }
});

test('a ticket of 4 addresses is read, however long they are; what is longer is not looked at', () => {
  const addresses = Array<string>(4).fill('2001:db8:1:2:3:4:5:6');
  const longest = encodeTicket({ ...ticket, addresses });
  expect(decodeTicket(longest)!.addresses).toEqual(addresses);
  expect(decodeTicket(`${longest}AAAA`)).toBeUndefined();
  expect(decodeTicket('upd1'.padEnd(1_000_000, 'A'))).toBeUndefined();
  expect(() => encodeTicket({ ...ticket, addresses: [...addresses, '10.0.0.1'] })).toThrow();
  expect(() => encodeTicket({ ...ticket, addresses: [] })).toThrow();
});
