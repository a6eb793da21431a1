import { expect, test } from 'vitest';
import { type FrameOf, PUBLIC_KEY, type RawClient } from './raw-client.ts';
import { type ServerFixture, startFixture } from './server-fixture.ts';

const SENT = {
  openCount: 5,
  scoutCount: 3,
  addresses: [{ address: '127.0.0.1', port: 6000 }],
};
const SEEN = { openCount: 0, scoutCount: 0, answerCount: 0 };

/** A client that says at its login that it compares notes. */
async function enterComparing({ connect }: ServerFixture, user: string): Promise<RawClient> {
  const client = await connect();
  await client.ask('login', {
    ...{ user, password: `${user}-pw`, udpPort: 6000, publicKey: PUBLIC_KEY },
    compares: true,
  });
  return client;
}

/** derek was introduced to jess. */
async function introduced(fixture: ServerFixture): Promise<{
  derek: RawClient;
  jess: RawClient;
  answer: FrameOf<'introduced'>['body'];
}> {
  const jess = await enterComparing(fixture, 'jess');
  const derek = await enterComparing(fixture, 'derek');
  const frame = await derek.ask('introduce', { to: 'jess', purpose: 'files' });
  return { derek, jess, answer: (frame as FrameOf<'introduced'>).body };
}

test('what the sender sent is passed on to the receiver, and what that saw back to the sender', async () => {
  const { derek, jess, answer } = await introduced(await startFixture());
  expect(answer.compares).toBe(true);
  const { keyId } = answer.key;
  // What more stands in it goes no further.
  const sent = { ...SENT, more: 'text' };
  expect(await derek.ask('compare', { to: 'jess', keyId, sent })).toMatchObject({
    type: 'comparing',
  });
  expect((await jess.next('compare')).body).toEqual({ from: 'derek', keyId, sent: SENT });
  expect(await jess.ask('saw', { keyId, seen: { ...SEEN, more: 1 } })).toMatchObject({
    type: 'comparing',
  });
  expect((await derek.next('saw')).body).toEqual({ keyId, seen: SEEN });
});

test('nobody else can ask about an introduction, or answer, and nothing is told that was not asked', async () => {
  const fixture = await startFixture();
  const { derek, jess, answer } = await introduced(fixture);
  const steve = await enterComparing(fixture, 'steve');
  const { keyId } = answer.key;
  const refused = { type: 'refused' };
  expect(await steve.ask('compare', { to: 'jess', keyId, sent: SENT })).toMatchObject(refused);
  expect(await derek.ask('compare', { to: 'steve', keyId, sent: SENT })).toMatchObject(refused);
  expect(await derek.ask('compare', { to: 'nobody', keyId, sent: SENT })).toMatchObject(refused);
  expect(await jess.ask('saw', { keyId, seen: SEEN })).toMatchObject(refused);
  await derek.ask('compare', { to: 'jess', keyId, sent: SENT });
  expect(await steve.ask('saw', { keyId, seen: SEEN })).toMatchObject(refused);
  await jess.ask('saw', { keyId, seen: SEEN });
  expect(await jess.ask('saw', { keyId, seen: SEEN })).toMatchObject(refused);
  await Promise.all([derek, jess, steve].map((client) => client.ask('users')));
  const told = (client: RawClient, type: string): number =>
    client.inbox.filter((frame) => frame.type === type).length;
  expect([told(jess, 'compare'), told(derek, 'saw')]).toEqual([1, 1]);
  expect([told(steve, 'compare'), told(steve, 'saw')]).toEqual([0, 0]);
});

test('an older client is never sent a frame that it does not know', async () => {
  const fixture = await startFixture();
  const jess = await fixture.enter('jess');
  const derek = await enterComparing(fixture, 'derek');
  const frame = await derek.ask('introduce', { to: 'jess', purpose: 'files' });
  const { compares, key } = (frame as FrameOf<'introduced'>).body;
  expect(compares).toBe(false);
  const asked = { to: 'jess', keyId: key.keyId, sent: SENT };
  expect(await derek.ask('compare', asked)).toMatchObject({ type: 'refused' });
  await jess.ask('users');
  expect(jess.inbox.filter(({ type }) => type === 'compare')).toEqual([]);
});

const keyId = '00'.repeat(8);

test.each<[string, object]>([
  ['a count below zero', { to: 'jess', keyId, sent: { ...SENT, openCount: -1 } }],
  ['a count that fills the line', { to: 'jess', keyId, sent: { ...SENT, openCount: 1e15 } }],
  ['no address', { to: 'jess', keyId, sent: { ...SENT, addresses: [] } }],
  [
    'five addresses',
    { to: 'jess', keyId, sent: { ...SENT, addresses: Array(5).fill(SENT.addresses[0]) } },
  ],
  [
    'an address that is a text',
    { to: 'jess', keyId, sent: { ...SENT, addresses: [{ address: 'call me', port: 1 }] } },
  ],
  ['no counts', { to: 'jess', keyId, sent: 5 }],
])('a comparison with %s is no frame', async (_, body) => {
  const { enter, log } = await startFixture();
  const derek = await enter('derek');
  derek.post('compare', body);
  await derek.closed;
  expect(log.join('\n')).toContain('no frame');
});
