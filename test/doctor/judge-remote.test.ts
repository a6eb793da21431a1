import { describe, expect, test } from 'vitest';
import { benchTicket } from '../../src/bench/bench-ticket.ts';
import { doctorTarget } from '../../src/doctor/doctor-target.ts';
import { exitCodeOfFindings, type Finding } from '../../src/doctor/finding.ts';
import { judgeServer, type ServerFacts } from '../../src/doctor/judge-server.ts';
import { type AddressFacts, judgeTicket } from '../../src/doctor/judge-ticket.ts';
import { placeOf } from '../../src/reach/network-place.ts';
import { encodeTicket } from '../../src/transfer/io/ticket/ticket-text.ts';
import type { AddressProbe, ProbeAnswer } from '../../src/transfer/diagnosis.ts';

const OWN_NETWORKS = ['192.168.1.7/24', 'fd00:1::7/64'];
const PORT = 6000;

const answer: ProbeAnswer = {
  minRttMs: 20,
  smoothedRttMs: 21,
  sentCount: 50,
  lostCount: 0,
  datagramBytes: 1472,
  isLargest: true,
};

function silent(address: string, knock?: string): AddressFacts {
  return { probe: { address: { address, port: PORT }, outcome: 'silent' }, knock };
}

function answered(address: string, changes: Partial<ProbeAnswer> = {}): AddressFacts {
  const probe: AddressProbe = {
    address: { address, port: PORT },
    outcome: 'answered',
    answer: { ...answer, ...changes },
  };
  return { probe, knock: undefined };
}

function judge(...addresses: AddressFacts[]): Finding[] {
  const listener = 'upd receive';
  return judgeTicket({ platform: 'linux', ownNetworks: OWN_NETWORKS, addresses, listener });
}

test.each([
  ['127.0.0.1', 'loopback'],
  ['::1', 'loopback'],
  ['192.168.1.200', 'same-network'],
  ['fd00:1::9', 'same-network'],
  ['192.168.2.1', 'private'],
  ['100.64.3.4', 'private'],
  ['fd00:2::9', 'private'],
  ['198.51.100.7', 'public'],
  ['2001:db8::1', 'public'],
] as const)('%s is %s to a machine at 192.168.1.7', (address, place) => {
  expect(placeOf(address, OWN_NETWORKS)).toBe(place);
});

describe('the receiver of a ticket', () => {
  test('that answers at one address is reached, whatever the others do', () => {
    const findings = judge(silent('10.0.0.4'), answered('198.51.100.7'));
    expect(findings.map(({ verdict }) => verdict)).toEqual(['ok', 'ok']);
    expect(findings[1]!.text).toBe(
      '198.51.100.7:6000 answers after 20.0 ms, 0 of 50 lost, datagrams of up to 1472 bytes pass',
    );
  });

  test.each([
    [{ lostCount: 1 }, 'ok'],
    [{ lostCount: 2 }, 'note'],
    [{ datagramBytes: 1200 }, 'note'],
    [{ datagramBytes: 1372, isLargest: false }, 'ok'],
  ] as const)('that answers with %o is judged as %s', (changes, verdict) => {
    expect(judge(answered('198.51.100.7', changes))[0]).toMatchObject({ verdict, exitCode: 0 });
  });

  test.each<[string, AddressFacts, string, string]>([
    ['in this network', silent('192.168.1.9'), 'its firewall', 'sudo ufw allow 6000/udp'],
    ['in public', silent('198.51.100.7'), "receiver's firewall or router", 'on its router'],
    ['at a private address', silent('10.0.0.4'), 'private address of another network', 'VPN'],
    ['at a loopback address', silent('127.0.0.1'), 'loopback', 'without --host'],
    ['whose port is closed', silent('192.168.1.9', 'ECONNREFUSED'), 'no program', 'upd receive'],
    [
      'kept in by this machine',
      silent('8.8.8.8', 'EPERM'),
      'own firewall',
      'ufw allow out 6000/udp',
    ],
    ['without a route', silent('2001:db8::1', 'ENETUNREACH'), 'no way', 'ip route'],
    ['of no machine', silent('192.168.1.9', 'EHOSTUNREACH'), 'nobody with that address', 'on'],
  ])('that is silent %s has its likely cause and the step named', (_name, address, cause, step) => {
    const [found] = judge(address);
    expect(found).toMatchObject({ verdict: 'problem', exitCode: 6 });
    expect(found!.text).toContain(cause);
    expect(found!.next.join('\n')).toContain(step);
  });

  test('that is silent behind some firewall has the command of each', () => {
    const [found] = judge(silent('192.168.1.9'));
    const steps = found!.next.join('\n');
    for (const name of ['ufw', 'firewall-cmd', 'nft', 'netsh', '--port']) {
      expect(steps).toContain(name);
    }
  });

  test.each([
    ['version', 10],
    ['busy', 4],
    ['broken', 7],
    ['no-socket', 6],
  ] as const)('with outcome %s has exit code %i', (outcome, exitCode) => {
    const probe: AddressProbe = { address: { address: '198.51.100.7', port: PORT }, outcome };
    expect(exitCodeOfFindings(judge({ probe, knock: undefined }))).toBe(exitCode);
  });
});

const KEY = `SHA256:${'A'.repeat(43)}` as const;
const OTHER_KEY = `SHA256:${'E'.repeat(42)}A` as const;

function server(changes: Partial<ServerFacts>): Finding[] {
  const check = { elapsedMs: 5, shown: KEY, known: KEY };
  return judgeServer({ host: '192.0.2.7', port: 8000, check, udp: undefined, ...changes });
}

describe('a chat server', () => {
  test('with the key that it had is well, and silent UDP is told as what says nothing', () => {
    const findings = server({});
    expect(findings.map(({ check, verdict }) => [check, verdict])).toEqual([
      ['server', 'ok'],
      ['key', 'ok'],
      ['udp', 'ok'],
    ]);
    expect(findings[2]!.text).toContain('says nothing');
  });

  test('with an unknown key is a note, with a changed one exit code 5', () => {
    const unknown = server({ check: { elapsedMs: 5, shown: KEY, known: undefined } });
    expect(unknown[1]).toMatchObject({ check: 'key', verdict: 'note' });
    const changed = server({ check: { elapsedMs: 5, shown: KEY, known: OTHER_KEY } });
    expect(changed[1]).toMatchObject({ check: 'key', verdict: 'problem' });
    expect(exitCodeOfFindings(changed)).toBe(5);
    const unreadable = server({ check: { elapsedMs: 5, shown: KEY, unreadable: 'EACCES' } });
    expect(exitCodeOfFindings(unreadable)).toBe(3);
  });

  test.each([
    ['ECONNREFUSED', 'is upd server running'],
    ['ENOTFOUND', 'typo'],
    ['EPROTO', 'another program'],
    [undefined, 'sudo ufw allow 8000/tcp'],
  ])('that fails with %s has exit code 6 and a step, and no word about a key', (code, step) => {
    const findings = server({ check: { failure: 'it failed', code, elapsedMs: 5 } });
    expect(exitCodeOfFindings(findings)).toBe(6);
    expect(findings[0]!.next.join('\n')).toContain(step);
    expect(findings.some(({ check }) => check === 'key')).toBe(false);
  });

  test.each([
    ['ECONNREFUSED', 'ok'],
    ['EPERM', 'note'],
    ['EHOSTUNREACH', 'note'],
  ] as const)('whose UDP port gives %s is judged as %s', (udp, verdict) => {
    expect(server({ udp }).at(-1)).toMatchObject({ check: 'udp', verdict });
  });
});

test('a name without an address is told of once', () => {
  const check = { failure: 'getaddrinfo ENOTFOUND', code: 'ENOTFOUND', elapsedMs: 5 };
  expect(server({ check, udp: 'ENOTFOUND' })).toHaveLength(1);
});

test.each([
  ['192.0.2.7:8000', { kind: 'server', host: '192.0.2.7', port: 8000 }],
  ['chat.example:1', { kind: 'server', host: 'chat.example', port: 1 }],
  ['[2001:db8::1]:65535', { kind: 'server', host: '2001:db8::1', port: 65_535 }],
])('%s names a server', (text, target) => {
  expect(doctorTarget(text)).toEqual(target);
});

test('a ticket of upd receive or of a bench names who shows it, and half a one is no target', () => {
  const [secret, receiverKey] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(9)];
  const ticket = encodeTicket({ secret, receiverKey, port: 1, addresses: ['127.0.0.1'] });
  expect(doctorTarget(ticket)).toEqual({ kind: 'ticket', ticket, listener: 'upd receive' });
  expect(doctorTarget(benchTicket(ticket))).toEqual({
    ...{ kind: 'ticket', ticket },
    listener: 'upd bench --listen',
  });
  expect(doctorTarget(benchTicket(ticket.slice(0, -1)))).toContain('no ticket of upd bench --list');
});

test('where a bench does not listen the steps name its command', () => {
  const listener = 'upd bench --listen';
  const of = (address: AddressFacts): string => {
    const facts = { ownNetworks: OWN_NETWORKS, addresses: [address], listener } as const;
    return judgeTicket({ platform: 'linux', ...facts })[0]!.next.join('\n');
  };
  for (const address of [
    silent('192.168.1.9', 'ECONNREFUSED'),
    ...['192.168.1.9', '198.51.100.7', '10.0.0.4', '127.0.0.1'].map((at) => silent(at)),
  ]) {
    expect(of(address)).toContain('upd bench --listen');
    expect(of(address)).not.toContain('upd receive');
  }
});

test.each([
  'jess',
  '192.0.2.7',
  '192.0.2.7:0',
  '192.0.2.7:65536',
  '2001:db8::1:8000',
  'upd1abc',
  '',
])('"%s" is no target, and the line says what is', (text) => {
  expect(doctorTarget(text)).toMatch(/HOST:PORT|upd receive/);
});
