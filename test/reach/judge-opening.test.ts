import { expect, test } from 'vitest';
import {
  type ExpectedFacts,
  judgeExpected,
  judgeOpening,
  type OpeningFacts,
} from '../../src/reach/judge-opening.ts';
import { reachLines } from '../../src/reach/reach-finding.ts';

const opening: OpeningFacts = {
  peer: 'jess',
  address: { address: '192.0.2.7', port: 6000 },
  sent: { openCount: 5, scoutCount: 3 },
  seen: { openCount: 0, scoutCount: 0, answerCount: 0 },
  knock: undefined,
  ownNetworks: ['198.51.100.3/24'],
  isServerHere: false,
  platform: 'linux',
};

function openingLines(facts: OpeningFacts): string[] {
  return reachLines(judgeOpening(facts));
}

function expectedLines(facts: ExpectedFacts): string[] {
  const finding = judgeExpected(facts);
  return finding === undefined ? [] : reachLines(finding);
}

function cause(changes: Partial<OpeningFacts>): string {
  return openingLines({ ...opening, ...changes })[0]!;
}

test('who saw nothing is most likely behind a firewall, and the command that opens it has the port', () => {
  const [line, step] = openingLines(opening);
  expect(line).toBe(
    'jess saw none of our 8 datagrams: a firewall there, or the router before it, most likely blocks UDP port 6000.',
  );
  expect(step).toMatch(
    /^ {2}→ there: sudo ufw allow 6000\/udp \(firewalld: .*; nftables: .*; Windows: .*\)$/,
  );
});

test('who saw and answered is heard by nobody: our firewall, and the command that lets answers in', () => {
  const seen = { openCount: 5, scoutCount: 2, answerCount: 5 };
  const [line, step] = openingLines({ ...opening, seen });
  expect(line).toBe(
    'jess saw 7 of our 8 datagrams and has answered 5 times, and no answer arrived here: a firewall here, or the router before it, most likely drops what comes from UDP port 6000.',
  );
  expect(step).toContain('→ here: sudo ufw allow proto udp from 192.0.2.7 port 6000');
  const windows = openingLines({ ...opening, seen, platform: 'win32' })[1];
  expect(windows).toContain('netsh advfirewall firewall add rule name=updraft dir=in');
});

test('who saw only small datagrams is behind too small an MTU, which --mtu cannot mend', () => {
  const [line, step] = openingLines({
    ...opening,
    seen: { openCount: 0, scoutCount: 3, answerCount: 0 },
  });
  expect(line).toBe(
    'jess saw 3 of our datagrams of 548 bytes and none of 5 of 1200: the way there does not carry IP packets of 1228 bytes, the least that a transfer needs (--mtu goes no lower).',
  );
  expect(step).toContain('ip link set dev NAME mtu 1228');
});

test('who saw datagrams and answered none has no room, or another version', () => {
  const seen = { openCount: 4, scoutCount: 0, answerCount: 0 };
  expect(cause({ seen })).toContain('saw 4 of our 8 datagrams and has answered none');
});

test('who does not say what arrived leaves both sides in question', () => {
  expect(cause({ seen: undefined })).toBe(
    'jess does not answer (8 datagrams to 192.0.2.7:6000) and does not say what arrived there: a firewall on either side, or a router, most likely blocks UDP port 6000.',
  );
});

test.each<[string, Partial<OpeningFacts>, RegExp]>([
  ['our own firewall', { knock: 'EPERM' }, /this machine's own firewall does not let them out/],
  ['a firewall that refuses', { knock: 'ECONNREFUSED' }, /192\.0\.2\.7:6000 refuses them/],
  ['no way there', { knock: 'EHOSTUNREACH' }, /no way to 192\.0\.2\.7 \(EHOSTUNREACH\)/],
  [
    'an address of this machine',
    { address: { address: '127.0.0.1', port: 6000 } },
    /127\.0\.0\.1, where the chat server says that jess is, leads to this machine/,
  ],
  [
    'a private network elsewhere',
    { address: { address: '10.1.2.3', port: 6000 } },
    /10\.1\.2\.3 is a private address of another network/,
  ],
  [
    'a firewall, where both are on one machine',
    { address: { address: '127.0.0.1', port: 6000 }, isServerHere: true },
    /most likely blocks UDP port 6000/,
  ],
  [
    'a firewall, where both are in one private network',
    { address: { address: '10.1.2.3', port: 6000 }, ownNetworks: ['10.1.2.4/24'] },
    /most likely blocks UDP port 6000/,
  ],
])('where nothing was seen and it is %s, that is what is named', (_, changes, pattern) => {
  const lines = openingLines({ ...opening, ...changes });
  expect(lines[0]).toMatch(pattern);
  expect(lines[0]).toMatch(/^jess saw none of our 8 datagrams: /);
  expect(lines.length).toBeGreaterThan(1);
});

const expected: ExpectedFacts = {
  peer: 'derek',
  sent: { openCount: 5, scoutCount: 3 },
  address: { address: '192.0.2.7', port: 6000 },
  seen: { openCount: 0, scoutCount: 0, answerCount: 0 },
  ownPort: 6000,
  ownNetworks: ['192.0.2.7/24'],
  platform: 'linux',
};

test('the other side is told that nothing arrives, and the command for its own firewall', () => {
  expect(expectedLines(expected)).toEqual([
    'derek sends to you, and nothing arrives here (8 datagrams to 192.0.2.7:6000): a firewall of this machine, or its router, most likely blocks UDP port 6000.',
    '  → sudo ufw allow 6000/udp (firewalld: sudo firewall-cmd --add-port=6000/udp; nftables: sudo nft insert rule inet filter input udp dport 6000 accept)',
  ]);
});

test('behind a router the other side is told to forward its port there, and at a loopback address to log in by another', () => {
  const behind = expectedLines({ ...expected, ownNetworks: ['10.0.0.2/24'] });
  expect(behind.at(-1)).toContain(
    '192.0.2.7 is not this machine but its router: forward UDP port 6000',
  );
  const address = { address: '127.0.0.1', port: 6000 };
  expect(expectedLines({ ...expected, address })[0]).toContain(
    'others are told that you are at 127.0.0.1, which leads to their own machine',
  );
});

test('where something arrives the other side is told whose trouble it is, or nothing', () => {
  const of = (openCount: number, scoutCount: number, answerCount: number): string[] =>
    expectedLines({ ...expected, seen: { openCount, scoutCount, answerCount } });
  expect(of(5, 3, 5)).toEqual([
    "derek sends to you and gets no answer: the datagrams arrive here, and ours most likely stop at derek's firewall.",
  ]);
  expect(of(0, 3, 0)[0]).toContain('only datagrams of 548 bytes arrive here');
  expect(of(5, 3, 0)).toEqual([]);
});

test('what other people say cannot write on the terminal', () => {
  const address = { address: '\u001b[2J', port: 6000 };
  for (const line of [
    ...openingLines({ ...opening, peer: '\u001b[31m', address }),
    ...expectedLines({ ...expected, peer: '\u001b[31m', address }),
  ]) {
    expect(line).not.toMatch(/[\u0000-\u001f]/);
  }
});
