import { expect, test } from 'vitest';
import { ReachChecks } from '../../src/chat/reach-checks.ts';
import type { Introduced } from '../../src/chat/introducer.ts';
import { safeText } from '../../src/text/safe-text.ts';
import type { AddressProbe } from '../../src/transfer/diagnosis.ts';

const address = { address: '192.0.2.7', port: 6000 };
const introducedTo: Introduced = {
  request: 1,
  to: 'jess',
  key: { keyId: '00'.repeat(8), secret: '5a'.repeat(32), peerKey: '0f'.repeat(32) },
  addresses: [address],
  compares: true,
};

function setup(introduced: Introduced, probe: (signal: AbortSignal) => Promise<AddressProbe>) {
  const printed: string[] = [];
  const compared: unknown[] = [];
  const checks = new ReachChecks({
    introducer: { introduce: () => Promise.resolve(introduced) },
    comparer: {
      compare: (_, sent) => {
        compared.push(sent);
        return Promise.resolve({
          cause: 'nothing-arrives',
          text: safeText('jess saw none'),
          steps: [safeText('there: open it')],
        });
      },
    },
    probe: (_peer, _key, options) => probe(options!.signal!),
    privateKey: new Uint8Array(32),
    print: (line) => printed.push(line),
    note: () => undefined,
  });
  return { checks, printed, compared };
}

async function said(introduced: Introduced, probe: AddressProbe): Promise<string[]> {
  const { checks, printed } = setup(introduced, () => Promise.resolve(probe));
  checks.start('jess');
  expect(checks.count).toBe(1);
  await checks.idle();
  expect(checks.count).toBe(0);
  return printed;
}

test('whoever answers is told of with the time, the loss and the size that passes', async () => {
  const answer = {
    ...{ minRttMs: 1.23, smoothedRttMs: 2, sentCount: 50, lostCount: 1 },
    ...{ datagramBytes: 1472, isLargest: true },
  };
  expect(await said(introducedTo, { address, outcome: 'answered', answer })).toEqual([
    'jess answers over UDP after 1.2 ms, 1 of 50 lost, datagrams of up to 1472 bytes pass: files get through.',
  ]);
});

test('whoever is silent is asked over the chat what arrived', async () => {
  const sent = { openCount: 5, scoutCount: 3 };
  const { checks, printed, compared } = setup(introducedTo, () =>
    Promise.resolve({ address, outcome: 'silent', sent }),
  );
  checks.start('jess');
  await checks.idle();
  expect(compared).toEqual([sent]);
  expect(printed).toEqual(['jess saw none', '  → there: open it']);
});

test.each([
  ['version', 'jess answers over UDP, but in no version'],
  ['busy', 'jess answers over UDP that there is no room'],
  ['broken', 'jess answered over UDP, and was gone'],
  ['no-socket', 'jess could not be asked: this machine gives no UDP socket.'],
] as const)('the outcome %s has its line', async (outcome, line) => {
  expect((await said(introducedTo, { address, outcome }))[0]).toContain(line);
});

test('whoever cannot be introduced to is not asked, and why is said', async () => {
  const refusal = { refusal: 'not online; ATU lists who is', code: 'unanswered' } as const;
  expect(await said(refusal, { address, outcome: 'busy' })).toEqual([
    'jess could not be asked over UDP: not online; ATU lists who is.',
  ]);
});

test('one runs at a time, and one that is aborted says nothing and keeps nobody waiting', async () => {
  const { checks, printed } = setup(
    introducedTo,
    (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          resolve({ address, outcome: 'broken' });
        });
      }),
  );
  checks.start('jess');
  checks.start('derek');
  expect(printed).toEqual(['Another DOC runs: wait for its answer.']);
  checks.abort();
  await checks.idle();
  expect(printed).toHaveLength(1);
});
