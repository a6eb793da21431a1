import { expect, test } from 'vitest';
import { LongTerm } from '../../../../../src/transfer/core/congestion/bbr/long-term.ts';

const PACKET = 1_000;
const KNOWN = 100 * PACKET;
const CRUISING = 85 * PACKET;

function probing(): LongTerm {
  const longTerm = new LongTerm();
  longTerm.inflightBytes = KNOWN;
  longTerm.refill(CRUISING);
  longTerm.start(CRUISING, PACKET);
  return longTerm;
}

test('a probe climbs from what was used while cruising: a packet in the first round, then two', () => {
  const longTerm = probing();
  longTerm.grow(CRUISING, CRUISING, PACKET, true);
  expect(longTerm.inflightBytes).toBe(CRUISING + PACKET);
  longTerm.grow(CRUISING, CRUISING, PACKET, true);
  expect(longTerm.inflightBytes).toBe(CRUISING + 3 * PACKET);
});

test('a climb that ends before anything is lost leaves what was known', () => {
  const longTerm = probing();
  longTerm.restoreKnown();
  expect(longTerm.inflightBytes).toBe(KNOWN);
});

test('a climb that passes what was known keeps what it found', () => {
  const longTerm = probing();
  longTerm.onCleanFlight(KNOWN + PACKET);
  longTerm.restoreKnown();
  expect(longTerm.inflightBytes).toBe(KNOWN + PACKET);
});

test('what congestion shows in a climb replaces what was known', () => {
  const longTerm = probing();
  longTerm.inflightBytes = 90 * PACKET;
  longTerm.restoreKnown();
  expect(longTerm.inflightBytes).toBe(90 * PACKET);
});

test('losses that were none give back what was known before the climb', () => {
  const longTerm = probing();
  longTerm.inflightBytes = 90 * PACKET;
  longTerm.undo();
  expect(longTerm.inflightBytes).toBe(KNOWN);
});

test('without a bound there is nothing to climb to', () => {
  const longTerm = new LongTerm();
  longTerm.refill(Infinity);
  longTerm.restoreKnown();
  expect(longTerm.inflightBytes).toBe(Infinity);
});
