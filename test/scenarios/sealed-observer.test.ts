import { expect, test } from 'vitest';
import { crcCheck, type Endpoint, type PeerAddress } from '../../src/transfer/core/index.ts';
import type { ElementSpec } from '../sim/link.ts';
import type { SimNode } from '../sim/network.ts';
import type { Pair } from '../sim/pair.ts';
import { Random } from '../sim/random.ts';
import { bottleneck } from '../sim/bottleneck.ts';
import { delay, lose } from '../sim/wire-elements.ts';
import { isEmpty } from '../sim/workload.ts';
import { sealedPair } from './sealed-pair.ts';

const STREAM_BYTES = 2_000_000;
const OPEN = 1;
const OPEN_ACK = 2;
const ACK = 4;
const MARK = 5;
const PATH_RESPONSE = 9;
const CLOSE = 10;
/** Header and tag: where a body begins. */
const BODY_AT = 18;

/** What somebody who sees a datagram can make of it; undefined when it is not of that kind. */
type Forge = (seen: Uint8Array, random: Random) => Uint8Array | undefined;

function altered(seen: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(seen);
  const at = random.integer(BODY_AT, copy.length - 1);
  copy[at]! ^= random.integer(1, 255);
  return copy;
}

/** Another type, and a body of its own choice. */
function written(type: number, body: Uint8Array): Forge {
  return (seen) => {
    if (typeOf(seen) <= 2) return undefined;
    const forged = new Uint8Array(BODY_AT + body.length);
    forged.set(seen.subarray(0, BODY_AT));
    forged[4] = 0x40 | type;
    forged.set(body, BODY_AT);
    return forged;
  };
}

function ofType(type: number, forge: Forge): Forge {
  return (seen, random) => (typeOf(seen) === type ? forge(seen, random) : undefined);
}

function typeOf(datagram: Uint8Array): number {
  return datagram[4]! & 0x3f;
}

const far = new Uint8Array(40).fill(0xfe);

const forgeries: [string, Forge][] = [
  ['anything with other bytes', altered],
  [
    'ACKs with more credit and more ranges',
    ofType(ACK, (seen) => {
      const more = Uint8Array.from([...seen, 0, 9, 0, 9]);
      more.fill(0xff, BODY_AT + 16, BODY_AT + 22);
      return more;
    }),
  ],
  ['MARKs with a far una', written(MARK, far)],
  ['CLOSEs', written(CLOSE, Uint8Array.of(0, 0))],
  ['PATH_RESPONSEs', written(PATH_RESPONSE, far)],
  [
    'OPENs and OPEN_ACKs',
    (seen, random) => (typeOf(seen) <= 2 ? altered(seen, random) : undefined),
  ],
];

/** Sends what `make` makes of each datagram of both directions, to both sides, with a right checksum. */
function transferWatched(make: Forge, from?: PeerAddress): { pair: Pair; forgedCount: number } {
  const random = new Random(11);
  let forgedCount = 0;
  const watch = (sender: () => SimNode<Endpoint>, receiver: () => SimNode<Endpoint>): ElementSpec =>
    lose((datagram, _count, atUs) => {
      const forged = make(datagram, random);
      if (forged === undefined) return false;
      crcCheck.write(forged, forged.length, 0);
      for (const [to, other] of [
        [receiver(), sender()],
        [sender(), receiver()],
      ] as const) {
        forgedCount++;
        pair.network.at(atUs, to, (nowUs) => {
          to.transport.handleDatagram(forged, from ?? other.address, nowUs);
        });
      }
      return false;
    });
  const pair: Pair = sealedPair({
    seed: 8,
    forward: [
      watch(
        () => pair.a,
        () => pair.b,
      ),
      bottleneck(100e6, 500_000),
      delay(5_000),
    ],
    backward: [
      watch(
        () => pair.b,
        () => pair.a,
      ),
      delay(5_000),
    ],
  });
  const run = pair.transfer({ bytes: STREAM_BYTES });
  expect(run.responder.readBytes).toBe(STREAM_BYTES);
  expect(run.openCount).toBe(1);
  expect([isEmpty(pair.a), isEmpty(pair.b)]).toEqual([true, true]);
  return { pair, forgedCount };
}

function finishedAtUs({ pair }: { pair: Pair }): number {
  return pair.workload.runs[0]!.responder.readFinishedAtUs;
}

const quiet = transferWatched(() => undefined);

test.each(forgeries)(
  'an observer who adds %s changes nothing: each is refused, the transfer is as fast',
  (_, forge) => {
    const watched = transferWatched(forge);
    expect(watched.forgedCount).toBeGreaterThan(0);
    const refused = [watched.pair.a, watched.pair.b].map(({ transport }) => {
      const { forged, unknownConnection, strangers, malformed, damaged } = transport.counters;
      expect([malformed, damaged]).toEqual([0, 0]);
      return forged + unknownConnection + strangers;
    });
    const usual = [quiet.pair.a, quiet.pair.b].map(
      ({ transport: { counters } }) => counters.unknownConnection + counters.strangers,
    );
    expect(refused[0]! + refused[1]!).toBe(watched.forgedCount + usual[0]! + usual[1]!);
    expect(finishedAtUs(watched)).toBe(finishedAtUs(quiet));
  },
);

test('an observer who sends all of it back to where it came from changes nothing', () => {
  const watched = transferWatched((seen) => Uint8Array.from(seen));
  expect(finishedAtUs(watched)).toBeLessThan(finishedAtUs(quiet) * 1.25);
});

test('copies of OPEN_ACK that overtake it from elsewhere change nothing', () => {
  const copies = ofType(OPEN_ACK, (seen) => Uint8Array.from(seen));
  const watched = transferWatched(copies, { address: 'elsewhere', port: 9 });
  expect(watched.forgedCount).toBeGreaterThan(0);
  expect(watched.pair.network.unroutableCount).toBe(0);
  expect(finishedAtUs(watched)).toBe(finishedAtUs(quiet));
});

test('copies of OPEN that overtake it from elsewhere cost a round trip of ACKs, and change nothing', () => {
  const copies = ofType(OPEN, (seen) => Uint8Array.from(seen));
  const watched = transferWatched(copies, { address: 'elsewhere', port: 9 });
  expect(watched.forgedCount).toBeGreaterThan(0);
  // The answer, and ACKs until the peer has shown where it is.
  expect(watched.pair.network.unroutableCount).toBeLessThan(30);
  expect(finishedAtUs(watched)).toBeLessThan(finishedAtUs(quiet) * 1.25);
});
