import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import {
  interfaceDatagramBytes,
  type InterfaceFacts,
} from '../../../../src/transfer/io/udp/interface-mtu.ts';

function info(address: string, internal = false): NetworkInterfaceInfo {
  const shared = { address, netmask: '', mac: '', internal, cidr: null };
  return address.includes(':')
    ? { ...shared, family: 'IPv6', scopeid: 0 }
    : { ...shared, family: 'IPv4' };
}

function facts(files: Record<string, string>, platform: NodeJS.Platform): InterfaceFacts {
  return {
    platform,
    interfaces: () => ({
      lo: [info('127.0.0.1', true), info('::1', true)],
      eth0: [info('192.0.2.1'), info('fe80::1')],
      jumbo: [info('192.0.2.9')],
      'eth0:1': [info('192.0.2.2')],
      '../../etc': [info('192.0.2.66')],
    }),
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error('ENOENT');
      return text;
    },
  };
}

const files = {
  '/sys/class/net/lo/mtu': '65536\n',
  '/sys/class/net/eth0/mtu': '1400\n',
  '/sys/class/net/jumbo/mtu': '9000\n',
  '/sys/class/net/../../etc/mtu': '9000\n',
};

test.each([
  ['192.0.2.1', 1372],
  ['192.0.2.2', 1372],
  ['192.0.2.9', 8972],
  ['fe80::1%eth0', 1352],
  ['127.0.0.1', 31_972],
  ['::1', 31_952],
])('on Linux the interface of %s sends %i bytes in one piece', (address, bytes) => {
  expect(interfaceDatagramBytes(address, undefined, facts(files, 'linux'))).toBe(bytes);
});

test.each([
  ['an address that no interface has', '198.51.100.1', files, 'linux'],
  ['a wildcard', '0.0.0.0', files, 'linux'],
  ['a file that is not there', '192.0.2.9', {}, 'linux'],
  ['a file that holds no number', '192.0.2.9', { '/sys/class/net/jumbo/mtu': 'much' }, 'linux'],
  ['an absurd number', '192.0.2.9', { '/sys/class/net/jumbo/mtu': '9999999' }, 'linux'],
  ['a name that leads elsewhere', '192.0.2.66', files, 'linux'],
  ['another system', '192.0.2.9', files, 'darwin'],
  ['loopback of another system', '127.0.0.1', files, 'win32'],
] as const)('with %s an Ethernet is assumed', (_what, address, contents, platform) => {
  expect(interfaceDatagramBytes(address, undefined, facts(contents, platform))).toBe(1472);
});

test('with an unknown IPv6 address an Ethernet is assumed', () => {
  expect(interfaceDatagramBytes('2001:db8::1', undefined, facts(files, 'linux'))).toBe(1452);
});

test.each([
  ['127.0.0.1', 65_535, 65_507],
  ['127.0.0.1', 1_228, 1_200],
  ['192.0.2.9', 1_500, 1_472],
  ['192.0.2.1', 9_000, 1_372],
  ['::1', 9_000, 8_952],
])('at %s with an MTU of at most %i, %i bytes are sent in one piece', (address, mtu, bytes) => {
  expect(interfaceDatagramBytes(address, mtu, facts(files, 'linux'))).toBe(bytes);
});
