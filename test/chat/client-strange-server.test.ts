import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_ONLINE_USERS, OnlineUsers } from '../../src/chat/core/online-users.ts';
import { serverFrameOf } from '../../src/chat/core/server-frame.ts';
import {
  MAX_ANSWER_BYTES,
  MAX_ANSWER_FRAMES,
  MAX_PENDING_REQUESTS,
} from '../../src/chat/io/server-link.ts';
import { openLink, startClient } from './client-fixture.ts';
import { strangeServer, type StrangePeer } from './strange-server.ts';

const NOW = '25 Apr 2021 05:26:30';
const KEY = { keyId: '0f'.repeat(8), secret: '0f'.repeat(32), peerKey: '0f'.repeat(32) };
const ADDRESS = { address: '127.0.0.1', port: 9 };

function welcome(peer: StrangePeer, request: number, user = 'jess'): void {
  peer.send('welcome', { request, user, users: [], more: false });
}

/** The one line on stderr, and the exit code, of a client that asked `command` after its login. */
async function ending(
  command: string,
  answer: (peer: StrangePeer, request: number) => void,
): Promise<{ readonly code: number; readonly errors: readonly string[] }> {
  const port = await strangeServer(({ type, body }, peer) => {
    if (type === 'login') welcome(peer, body.request);
    else if (type !== 'pong') answer(peer, body.request);
  });
  const { console, exit } = startClient(port);
  console.type('jess', 'jess-pw', command);
  return { code: await exit, errors: console.errors };
}

const lost = (reason: string): unknown => ({
  code: 6,
  errors: [`The connection to the server was lost: ${reason}.`],
});

test.each([
  ['MSG x', 'users', { users: [], more: false }],
  ['MSG x', 'messages', { messages: [], more: false }],
  ['ATU', 'messages', { messages: [], more: false }],
  ['ATU', 'bye', {}],
  [`RDM ${NOW}`, 'done', { number: 1, time: NOW }],
  [`RDM ${NOW}`, 'introduced', { to: 'x', key: KEY, addresses: [ADDRESS] }],
])('%j answered by %j is no answer: one line, exit 6', async (command, type, body) => {
  const result = await ending(command, (peer, request) => {
    peer.send(type, { request, ...body });
  });
  expect(result).toEqual(lost('it answers out of order'));
});

test.each([
  ['of a request that was never made', 1],
  ['with the number of an older request', -1],
])('an answer %s: one line, exit 6', async (_, offset) => {
  const result = await ending('ATU', (peer, request) => {
    peer.send('bye', { request: request + offset });
  });
  expect(result).toEqual(lost('it answers what nobody asked'));
});

test('a list that does not end is given up at its limit of frames: one line, exit 6', async () => {
  const result = await ending('ATU', (peer, request) => {
    const page = `${JSON.stringify({ type: 'users', body: { request, users: [], more: true } })}\n`;
    for (let sent = 0; sent < MAX_ANSWER_FRAMES; sent++) peer.socket.write(page);
  });
  expect(result).toEqual(lost('its answer does not end'));
});

test('a list of large frames that does not end is given up at its limit of bytes', async () => {
  const filler = 'x'.repeat(60_000);
  const message = { number: 1, user: 'a', text: filler, time: NOW, edited: false };
  let sentBytes = 0;
  const port = await strangeServer(({ body: { request } }, { socket }) => {
    const body = { request, messages: [message], more: true };
    const page = `${JSON.stringify({ type: 'messages', body })}\n`;
    const pour = (): void => {
      while (sentBytes < 2 * MAX_ANSWER_BYTES) {
        sentBytes += page.length;
        if (!socket.write(page)) break;
      }
    };
    socket.on('drain', pour);
    pour();
  });
  const link = await openLink(port);
  const answer = link.request({ type: 'read', body: { since: NOW } });
  await expect(answer).rejects.toThrow('its answer does not end');
  expect(sentBytes).toBeLessThan(1.5 * MAX_ANSWER_BYTES);
});

test('an honest list of many frames is read to its end', async () => {
  const port = await strangeServer(({ body: { request } }, peer) => {
    for (let page = 1; page <= 100; page++) {
      peer.send('users', { request, users: [], more: page < 100 });
    }
  });
  const link = await openLink(port);
  expect(await link.request({ type: 'users', body: {} })).toHaveLength(100);
  link.close();
});

test('the request after the last that may wait is refused, and the waiting ones end with the link', async () => {
  const port = await strangeServer(() => undefined);
  const link = await openLink(port);
  const waiting = Array.from({ length: MAX_PENDING_REQUESTS }, () =>
    link.request({ type: 'users', body: {} }),
  );
  const ends = Promise.allSettled(waiting);
  await expect(link.request({ type: 'users', body: {} })).rejects.toThrow('too many requests');
  link.close();
  for (const end of await ends) expect(end.status).toBe('rejected');
});

test('a server that sends pings and takes no pongs is left before its pongs fill memory', async () => {
  const port = await strangeServer(
    () => undefined,
    ({ socket }) => {
      socket.pause();
      const pings = '{"type":"ping","body":{}}\n'.repeat(10_000);
      const pour = (): void => {
        while (!socket.destroyed && socket.write(pings));
      };
      socket.on('drain', pour);
      pour();
    },
  );
  const link = await openLink(port);
  const end = await new Promise<Error>((resolve) => {
    link.listen({ onNews: () => undefined, onEnd: resolve });
  });
  expect(end.message).toBe('the server reads nothing');
});

test('a server cannot make the client remember more users than there may be', () => {
  const users = new OnlineUsers();
  const view = { address: '127.0.0.1', udpPort: 1, since: NOW };
  for (let index = 0; index <= MAX_ONLINE_USERS; index++) {
    users.add([{ user: `user${index}`, ...view }]);
  }
  expect(users.count).toBe(MAX_ONLINE_USERS);
});

test('names, times and addresses from a server are shown without control characters', async () => {
  const evil = '\u001b[2J\r\n\u202e';
  const view = { user: evil, address: evil, udpPort: 1, since: evil };
  const port = await strangeServer(({ type, body: { request } }, peer) => {
    if (type === 'login') {
      peer.send('welcome', { request, user: evil, users: [view], more: false });
    } else if (type === 'post') peer.send('done', { request, number: 1, time: evil });
    else if (type === 'introduce') {
      peer.send('introduced', { request, to: evil, key: KEY, addresses: [ADDRESS] });
    } else if (type === 'logout') peer.send('bye', { request });
  });
  const { console, exit, endpoint } = startClient(port);
  console.type('jess', 'jess-pw', 'MSG x', `UPD jess ${import.meta.filename}`, 'OUT');
  const early = await console.shown('Welcome');
  (await endpoint().sends(1))[0]!.fail('refused', evil);
  expect(await exit).toBe(0);
  const shown = [...early, ...console.rest(), ...console.errors].join('');
  expect(shown).not.toMatch(/[\u0000-\u001f\u202e]/);
  expect(shown).toContain('\u241b[2J');
});

const goodFrames: readonly { readonly type: string; readonly body: Record<string, unknown> }[] = [
  { type: 'refused', body: { request: 1, reason: 'busy' } },
  { type: 'welcome', body: { request: 1, user: 'a', users: [], more: false } },
  { type: 'done', body: { request: 1, number: 1, time: NOW } },
  { type: 'messages', body: { request: 1, messages: [], more: false } },
  { type: 'users', body: { request: 1, users: [], more: false } },
  { type: 'introduced', body: { request: 1, to: 'a', key: KEY, addresses: [ADDRESS] } },
  { type: 'password-changed', body: { request: 1 } },
  { type: 'bye', body: { request: 1 } },
  { type: 'posted', body: { number: 1, user: 'a', text: 'x', time: NOW, edited: false } },
  { type: 'joined', body: { user: 'a', address: '127.0.0.1', udpPort: 1, since: NOW } },
  { type: 'left', body: { user: 'a' } },
  { type: 'expect', body: { from: 'a', purpose: 'files', key: KEY } },
  { type: 'declined', body: { keyId: KEY.keyId } },
  { type: 'declining', body: { request: 1 } },
  { type: 'comparing', body: { request: 1 } },
  {
    type: 'compare',
    body: {
      from: 'a',
      keyId: KEY.keyId,
      sent: { openCount: 1, scoutCount: 0, addresses: [ADDRESS] },
    },
  },
  {
    type: 'saw',
    body: { keyId: KEY.keyId, seen: { openCount: 0, scoutCount: 0, answerCount: 0 } },
  },
  { type: 'ping', body: {} },
  { type: 'ended', body: { reason: 'idle' } },
];

test.each(goodFrames)(
  'a frame $type is taken whole, and refused without any of its fields',
  (frame) => {
    expect(serverFrameOf(frame)).toEqual(frame);
    expect(serverFrameOf({ ...frame, body: { ...frame.body, later: 1 } })).toBeDefined();
    for (const name of Object.keys(frame.body)) {
      const rest = Object.fromEntries(
        Object.entries(frame.body).filter(([other]) => other !== name),
      );
      expect(serverFrameOf({ ...frame, body: rest }), name).toBeUndefined();
      expect(serverFrameOf({ ...frame, body: { ...rest, [name]: null } }), name).toBeUndefined();
      // What every object has by birth is no field of a frame.
      const inherited = Object.create({ [name]: frame.body[name] }) as object;
      expect(
        serverFrameOf({ ...frame, body: Object.assign(inherited, rest) }),
        name,
      ).toBeUndefined();
    }
  },
);

test.each([
  ['no address', { addresses: [] }],
  ['five addresses', { addresses: Array.from({ length: 5 }, () => ADDRESS) }],
  ['port 0', { addresses: [{ ...ADDRESS, port: 0 }] }],
  ['port 65536', { addresses: [{ ...ADDRESS, port: 65_536 }] }],
  ['a key in capitals', { key: { ...KEY, keyId: '0F'.repeat(8) } }],
  ['a short secret', { key: { ...KEY, secret: '0f'.repeat(31) } }],
  ['no key of the peer', { key: { ...KEY, peerKey: undefined } }],
  ['a request that is no integer', { request: 1.5 }],
])('an introduction with %s is no frame', (_, wrong) => {
  const body = { request: 1, to: 'a', key: KEY, addresses: [ADDRESS], ...wrong };
  expect(serverFrameOf({ type: 'introduced', body })).toBeUndefined();
});

test('any JSON is a frame of the protocol or none, and nothing throws', () => {
  const nearly = fc.record({
    type: fc.oneof(fc.constantFrom(...goodFrames.map(({ type }) => type)), fc.string()),
    body: fc.oneof(fc.jsonValue(), fc.constantFrom(...goodFrames.map(({ body }) => body))),
  });
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), nearly), (value) => {
      const frame = serverFrameOf(value);
      if (frame !== undefined) expect(goodFrames.map(({ type }) => type)).toContain(frame.type);
    }),
  );
});
