import { expect, test } from 'vitest';
import {
  IncomingIntroductions,
  MAX_WAITING_INTRODUCTIONS,
} from '../../src/chat/incoming-introductions.ts';
import type { PeerVerdict } from '../../src/chat/peer-trust.ts';
import { FakeEndpoint } from './fake-endpoint.ts';

interface Setup {
  readonly incoming: IncomingIntroductions;
  readonly endpoint: FakeEndpoint;
  readonly declined: string[];
  readonly warned: string[];
}

function setup(judge: (user: string, key: string) => Promise<PeerVerdict>): Setup {
  const endpoint = new FakeEndpoint({});
  const [declined, warned]: [string[], string[]] = [[], []];
  const incoming = new IncomingIntroductions({
    endpoint,
    trust: { judge },
    link: {
      request: ({ body }) => {
        declined.push((body as { keyId: string }).keyId);
        return Promise.reject(new Error('the server has gone'));
      },
    },
    warn: (line) => warned.push(line),
  });
  return { incoming, endpoint, declined, warned };
}

const from = (user: string, keyId: string): Parameters<IncomingIntroductions['handle']>[0] => ({
  from: user,
  purpose: 'files',
  key: { keyId, secret: '00'.repeat(32), peerKey: '00'.repeat(32) },
});

test('introductions that come faster than the disk answers are bounded, and the waiting ones keep their order', async () => {
  let isKnown: (verdict: PeerVerdict) => void = () => undefined;
  const slow = new Promise<PeerVerdict>((resolve) => (isKnown = resolve));
  const { incoming, endpoint } = setup(() => slow);
  for (let index = 0; index <= MAX_WAITING_INTRODUCTIONS; index++) {
    incoming.handle(from('derek', `${index}`));
  }
  isKnown({ isTrusted: true });
  const expected = await endpoint.expectations(MAX_WAITING_INTRODUCTIONS);
  incoming.handle(from('derek', 'later'));
  await endpoint.expectations(MAX_WAITING_INTRODUCTIONS + 1);
  const keyIds = expected.map(({ introduction }) => introduction.keyId);
  expect(keyIds).toEqual([
    ...Array.from({ length: MAX_WAITING_INTRODUCTIONS }, (_, index) => `${index}`),
    'later',
  ]);
});

test('one who is refused is declined each time and told of once, though the server has gone', async () => {
  const { incoming, endpoint, declined, warned } = setup((user) =>
    Promise.resolve(user === 'derek' ? { reason: 'another key' } : { isTrusted: true }),
  );
  incoming.handle(from('derek', '1'));
  incoming.handle(from('derek', '2'));
  incoming.handle(from('steve', '3'));
  incoming.handle(from('derek', '4'));
  incoming.handle(from('steve', '5'));
  await endpoint.expectations(2);
  expect(declined).toEqual(['1', '2', '4']);
  const line = 'What was sent from derek was refused: another key.';
  expect(warned).toEqual([line, line]);
});
