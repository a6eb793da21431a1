import { expect, test } from 'vitest';
import { MAX_ANSWERS } from '../../src/transfer/core/half-open.ts';
import { delay, lose } from '../sim/wire-elements.ts';
import { introduceSealed, sealedPair } from './sealed-pair.ts';

const KEY_ID = '0123456789abcdef';

/**
 * Somebody copies the opener's datagrams with a victim's address, so fast that the copy comes first:
 * what the victim is sent, of what was sent in its name.
 */
function spoofVictim(copiesEach: number): {
  givenBytes: number;
  sentBytes: number;
  types: number[];
} {
  let givenBytes = 0;
  const types = new Set<number>();
  const copying = lose((datagram, _count, atUs) => {
    const copy = Uint8Array.from(datagram);
    for (let nth = 0; nth < copiesEach; nth++) {
      pair.network.at(atUs, pair.b, (nowUs) => {
        givenBytes += copy.length;
        pair.b.transport.handleDatagram(copy, victim.address, nowUs);
      });
    }
    return true;
  });
  const watch = lose((datagram) => {
    types.add(datagram[4]! & 0x3f);
    return false;
  });
  const pair = sealedPair({ seed: 4, forward: [copying, delay(5_000)] });
  const victim = pair.network.addEndpoint('victim');
  const toVictim = pair.network.connect(pair.b, victim, [watch, delay(1_000)]);
  const { opener, responder } = introduceSealed(KEY_ID);
  pair.b.transport.expect(responder, 0);
  pair.b.application = (event) => {
    // It has much to say.
    if (event.type === 'opened') event.connection.write(new Uint8Array(60_000));
  };
  pair.a.transport.open(opener, [pair.b.address], 0);
  pair.network.runUntil(120_000_000);
  return { givenBytes, sentBytes: toVictim.counters.sentBytes, types: [...types] };
}

const OPEN_ACK = 2;

test.each([1, 100])(
  'to an address in whose name %i copies of each OPEN come, no more bytes go than came from it',
  (copiesEach) => {
    const { givenBytes, sentBytes, types } = spoofVictim(copiesEach);
    expect(types).toEqual([OPEN_ACK]);
    expect(sentBytes).toBeGreaterThan(0);
    expect(sentBytes).toBeLessThanOrEqual(givenBytes);
    expect(sentBytes).toBeLessThanOrEqual(MAX_ANSWERS * 1_200);
  },
);
