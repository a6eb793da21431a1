import { expect, test } from 'vitest';
import { CloseCode, crcCheck, type TransportConnection } from '../../src/transfer/core/index.ts';
import { lose, delay } from '../sim/wire-elements.ts';
import type { ElementSpec } from '../sim/link.ts';
import { introduceSealed, sealedPair } from './sealed-pair.ts';

const KEY_ID = '0123456789abcdef';
const TYPE_AT = 4;
const TYPE_MASK = 0x3f;
const CONNECTION_ID_AT = 6;
const ACK = 4;
const CLOSE = 10;
const MS = 1_000;

/** What has gone one way, for whoever listens there. */
class Heard {
  readonly datagrams: Uint8Array[] = [];

  /** Loses CLOSE as long as that is asked for. */
  element(isLosing: () => boolean): ElementSpec {
    return lose((datagram) => {
      this.datagrams.push(Uint8Array.from(datagram));
      return isLosing() && typeOf(datagram) === CLOSE;
    });
  }

  of(type: number): Uint8Array[] {
    return this.datagrams.filter((datagram) => typeOf(datagram) === type);
  }
}

function typeOf(datagram: Uint8Array): number {
  return datagram[TYPE_AT]! & TYPE_MASK;
}

/** Another's packet as a CLOSE to whom `model` is for; only its tag is not the peer's. */
function closeLike(model: Uint8Array, body = model): Uint8Array {
  const made = body.slice();
  made[TYPE_AT] = (made[TYPE_AT]! & ~TYPE_MASK) | CLOSE;
  made.set(model.subarray(CONNECTION_ID_AT, CONNECTION_ID_AT + 4), CONNECTION_ID_AT);
  crcCheck.write(made, made.length, 0);
  return made;
}

test('a CLOSE that others made, changed, turned back or heard before ends nothing and makes nobody speak', () => {
  const [there, back] = [new Heard(), new Heard()];
  let isCloseLost = true;
  const pair = sealedPair({
    seed: 8,
    forward: [delay(MS), there.element(() => isCloseLost)],
    backward: [delay(MS), back.element(() => false)],
  });
  const { a, b, network } = pair;
  const { opener, responder } = introduceSealed(KEY_ID);
  const open: TransportConnection[] = [];
  for (const node of [a, b]) {
    node.application = (event) => {
      if (event.type === 'opened') open.push(event.connection);
      if (event.type === 'opened' && node === a) event.connection.write(new Uint8Array(100));
    };
  }
  b.transport.expect(responder, 0);
  a.transport.open(opener, [b.address], 0);
  network.runUntil(500 * MS);
  expect(open.map(({ isClosed }) => isClosed)).toEqual([false, false]);

  const saidNow = (): number => there.datagrams.length + back.datagrams.length;
  /** To both sides, each time from the right address and from elsewhere. */
  const insert = (atUs: number, toA: Uint8Array, toB: Uint8Array): void => {
    for (const address of ['elsewhere', undefined]) {
      for (const [node, peer, datagram] of [
        [a, b, toA],
        [b, a, toB],
      ] as const) {
        network.at(atUs, node, (nowUs) => {
          const from = address === undefined ? peer.address : { address, port: 9 };
          node.transport.handleDatagram(datagram.slice(), from, nowUs);
        });
      }
    }
  };
  const [lastToA, lastToB] = [back.of(ACK).at(-1)!, there.datagrams.at(-1)!];

  // While the connection is open.
  let said = saidNow();
  insert(600 * MS, closeLike(lastToA), closeLike(lastToB));
  network.runUntil(700 * MS);
  expect(saidNow()).toBe(said);
  expect(open.map(({ isClosed }) => isClosed)).toEqual([false, false]);
  expect([a, b].map(({ transport }) => transport.counters.forged)).toEqual([2, 2]);

  // While a lingers, unheard: its own CLOSE is turned back to it.
  network.at(700 * MS, a, () => {
    open.find(({ isOpener }) => isOpener)!.close(CloseCode.cancelled, 'enough');
  });
  network.runUntil(701 * MS);
  const [close] = there.of(CLOSE) as [Uint8Array];
  said = saidNow();
  insert(702 * MS, closeLike(lastToA, close), closeLike(lastToB));
  network.runUntil(703 * MS);
  expect(saidNow()).toBe(said);
  expect([a, b].map(({ transport }) => transport.connectionCount)).toEqual([1, 1]);
  expect([a, b].map(({ transport }) => transport.counters.forged)).toEqual([4, 4]);

  // Its repeats arrive; afterwards copies of both sides' CLOSE find nobody.
  isCloseLost = false;
  network.runUntil(1_000 * MS);
  expect([a, b].map(({ transport }) => transport.connectionCount)).toEqual([0, 0]);
  expect(back.of(CLOSE)).toHaveLength(1);
  said = saidNow();
  insert(1_100 * MS, back.of(CLOSE)[0]!, close);
  network.runUntil(60_000 * MS);
  expect(saidNow()).toBe(said);
  expect([a, b].map(({ transport }) => transport.counters.unknownConnection)).toEqual([2, 2]);
  expect(network.unroutableCount).toBe(0);
});
