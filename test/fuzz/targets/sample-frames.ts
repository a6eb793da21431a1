import type { ClientFrame, ServerFrame } from '../../../src/chat/core/protocol.ts';

const TIME = '25 Apr 2021 05:26:30';
const PUBLIC_KEY = '0f'.repeat(32);
const key = { keyId: '0f'.repeat(8), secret: '1e'.repeat(32), peerKey: PUBLIC_KEY };
const user = { user: 'jess', address: '10.0.0.1', udpPort: 9_000, since: TIME };
const message = { number: 1, user: 'jess', text: 'hi é', time: TIME, edited: false };

const sent = { openCount: 5, scoutCount: 3, addresses: [{ address: '10.0.0.1', port: 9 }] };
const seen = { openCount: 5, scoutCount: 3, answerCount: 5 };

/** One of each type. */
export const clientFrames: readonly ClientFrame[] = [
  {
    type: 'login',
    body: { request: 1, user: 'jess', password: 'right', udpPort: 9, publicKey: PUBLIC_KEY },
  },
  {
    type: 'register',
    body: { request: 1, user: 'newcomer', password: 'pw', udpPort: 9, publicKey: PUBLIC_KEY },
  },
  { type: 'change-password', body: { request: 2, oldPassword: 'right', newPassword: 'other' } },
  { type: 'post', body: { request: 3, text: 'hello' } },
  { type: 'delete', body: { request: 4, number: 1, time: TIME } },
  { type: 'edit', body: { request: 5, number: 1, time: TIME, text: 'new' } },
  { type: 'read', body: { request: 6, since: TIME } },
  { type: 'users', body: { request: 7 } },
  { type: 'introduce', body: { request: 8, to: 'derek', purpose: 'files' } },
  { type: 'decline', body: { request: 9, keyId: '0f'.repeat(8) } },
  { type: 'compare', body: { request: 9, to: 'derek', keyId: '0f'.repeat(8), sent } },
  { type: 'saw', body: { request: 9, keyId: '0f'.repeat(8), seen } },
  { type: 'logout', body: { request: 9 } },
  { type: 'pong', body: {} },
];

/** One of each type. */
export const serverFrames: readonly ServerFrame[] = [
  { type: 'refused', body: { request: 1, reason: 'busy' } },
  { type: 'welcome', body: { request: 1, user: 'derek', users: [user], more: false } },
  { type: 'done', body: { request: 2, number: 1, time: TIME } },
  { type: 'messages', body: { request: 3, messages: [message], more: true } },
  { type: 'users', body: { request: 4, users: [user, user], more: false } },
  {
    type: 'introduced',
    body: { request: 5, to: 'jess', key, addresses: [{ address: '10.0.0.1', port: 9 }] },
  },
  { type: 'password-changed', body: { request: 6 } },
  { type: 'bye', body: { request: 7 } },
  { type: 'posted', body: message },
  { type: 'joined', body: user },
  { type: 'left', body: { user: 'jess' } },
  { type: 'expect', body: { from: 'jess', purpose: 'message', key } },
  { type: 'declined', body: { keyId: '0f'.repeat(8) } },
  { type: 'declining', body: { request: 8 } },
  { type: 'comparing', body: { request: 8 } },
  { type: 'compare', body: { from: 'jess', keyId: '0f'.repeat(8), sent } },
  { type: 'saw', body: { keyId: '0f'.repeat(8), seen } },
  { type: 'ping', body: {} },
  { type: 'ended', body: { reason: 'stopping' } },
];

/** Names and small values of frames, as JSON. */
export const frameWords: readonly string[] = [
  ...new Set(
    [...clientFrames, ...serverFrames].flatMap(({ type, body }) => [type, ...Object.keys(body)]),
  ),
].map((word) => JSON.stringify(word));
