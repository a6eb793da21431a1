import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { openingKeys, sessionKeys } from '../../../src/transfer/secure/key-schedule.ts';

const [one, two, hash] = [1, 2, 3].map((seed) => new Uint8Array(32).fill(seed)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const keyId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

function shortOf(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}

test('what one side sends under the other receives under', () => {
  const here = sessionKeys({ send: one, receive: two }, hash);
  const there = sessionKeys({ send: two, receive: one }, hash);
  expect(here.own).toEqual(there.peer);
  expect(here.peer).toEqual(there.own);
});

test('no two keys of a connection are the same', () => {
  const { own, peer } = sessionKeys({ send: one, receive: two }, hash);
  const other = sessionKeys({ send: one, receive: two }, two);
  const { psk, openTag, openAckTag } = openingKeys(one, keyId);
  const { openTag: otherTag } = openingKeys(one, Uint8Array.from(keyId).reverse());
  const keys = [own, peer, other.own, other.peer]
    .flatMap(({ records, close, tag }) => [records, close, tag])
    .concat([psk, openTag, openAckTag, otherTag]);
  const starts = keys.map((key) => Buffer.from(key.subarray(0, 16)).toString('hex'));
  expect(new Set(starts).size).toBe(keys.length);
});

test('the keys of version 1 stay what they are', () => {
  const { own } = sessionKeys({ send: one, receive: two }, hash);
  const opening = openingKeys(one, keyId);
  expect(Object.values({ ...own, ...opening }).map(shortOf)).toMatchInlineSnapshot(`
    [
      "6a530c690d647a6e",
      "37d1def490a3d25e",
      "4a10e484760556d8",
      "8af663d5a031c064",
      "494b736aa8f69410",
      "559b7d1e84be87ae",
    ]
  `);
});
