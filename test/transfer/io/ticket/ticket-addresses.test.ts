import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { ticketAddresses } from '../../../../src/transfer/io/ticket/ticket-addresses.ts';

function found(address: string, family: 'IPv4' | 'IPv6', internal = false): NetworkInterfaceInfo {
  const rest = { netmask: '', mac: '', cidr: null, internal, address };
  return family === 'IPv4' ? { ...rest, family } : { ...rest, family, scopeid: 0 };
}

const machine = {
  lo: [found('127.0.0.1', 'IPv4', true), found('::1', 'IPv6', true)],
  eth0: [
    found('192.0.2.7', 'IPv4'),
    found('fe80::7', 'IPv6'),
    found('2001:db8::7', 'IPv6'),
    found('192.0.2.8', 'IPv4'),
  ],
};

test('what is bound to one address is reached there only', () => {
  expect(ticketAddresses('192.0.2.9', machine)).toEqual(['192.0.2.9']);
});

test('what is bound to all is reached at the machine’s addresses, but loopback and link-local ones', () => {
  expect(ticketAddresses('0.0.0.0', machine)).toEqual(['192.0.2.7', '192.0.2.8']);
  expect(ticketAddresses('::', machine)).toEqual(['2001:db8::7']);
});

test('a machine without a network is reached at loopback', () => {
  expect(ticketAddresses('0.0.0.0', { lo: machine.lo })).toEqual(['127.0.0.1']);
  expect(ticketAddresses('::', {})).toEqual(['::1']);
});

test('of many addresses 4 are named', () => {
  const many = { eth0: Array.from({ length: 9 }, (_, i) => found(`192.0.2.${i}`, 'IPv4')) };
  expect(ticketAddresses('0.0.0.0', many)).toHaveLength(4);
});
