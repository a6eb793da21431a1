import { expect, test } from 'vitest';
import { addressOf, mtuOf, rateOf } from '../../src/cli/flag-values.ts';

test.each([
  ['2000', 2_000],
  ['500k', 500_000],
  ['10M', 10_000_000],
  ['1.5m', 1_500_000],
  ['1000G', 1e12],
])('the rate %s is %i bytes a second', (text, bytesPerSec) => {
  expect(rateOf(text)).toBe(bytesPerSec);
});

test.each(['', '0', '1999', '1.9k', '1001G', 'k', '-5M', '5 M', '5MB', '1e6', '0x10', 'Infinity'])(
  '%j is no rate',
  (text) => {
    expect(() => rateOf(text)).toThrow('bytes per second');
  },
);

test('an MTU is a size or auto', () => {
  expect([mtuOf('auto'), mtuOf('1228'), mtuOf('65535')]).toEqual([undefined, 1_228, 65_535]);
  for (const text of ['1227', '65536', '1500 ', '']) expect(() => mtuOf(text)).toThrow('1228');
});

test.each(['', 'foo.bar', 'localhost', '1.2.3', '192.168.1.7:80', '[::1]'])(
  '%j is no address to listen on',
  (text) => {
    expect(() => addressOf(text)).toThrow('An address of this machine is wanted');
  },
);

test.each(['0.0.0.0', '192.168.1.7', '::', 'fe80::1%eth0'])('%s is an address', (text) => {
  expect(addressOf(text)).toBe(text);
});
