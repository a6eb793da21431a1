import { expect, test } from 'vitest';
import type { ElementSpec } from '../sim/link.ts';
import type { Pair } from '../sim/pair.ts';
import { Random } from '../sim/random.ts';
import { bottleneck } from '../sim/bottleneck.ts';
import { delay, lose } from '../sim/wire-elements.ts';
import { isEmpty } from '../sim/workload.ts';
import { attackNames, Observer, type Towards } from './observer.ts';
import { sealedPair } from './sealed-pair.ts';

const STREAM_BYTES = 2_000_000;
const FORGERIES_EACH = 1_000;
const ELSEWHERE = { address: 'elsewhere', port: 9 };

interface Watched {
  readonly pair: Pair;
  readonly finishedAtUs: number;
  readonly forgedCount: number;
  readonly observer: Observer;
  /** Datagrams that neither side took for its peer's. */
  readonly refusedCount: number;
}

/** A transfer whose datagrams are all seen; forgeries arrive before the original. */
function transferWatched(names: readonly string[], options?: { mostAtOnce?: number }): Watched {
  const observer = new Observer(new Random(11), names, { most: FORGERIES_EACH, ...options });
  let forgedCount = 0;
  const watch = (towards: Towards): ElementSpec =>
    lose((datagram, _count, atUs) => {
      for (const forgery of observer.see(datagram, towards)) {
        forgedCount++;
        const [to, other] = forgery.towards === 'opener' ? [pair.a, pair.b] : [pair.b, pair.a];
        const from = forgery.from === 'peer' ? other.address : ELSEWHERE;
        pair.network.at(atUs, to, (nowUs) => {
          to.transport.handleDatagram(forgery.datagram, from, nowUs);
        });
      }
      return false;
    });
  const pair: Pair = sealedPair({
    seed: 8,
    forward: [watch('listener'), bottleneck(100e6, 500_000), delay(5_000)],
    backward: [watch('opener'), delay(5_000)],
  });
  const run = pair.transfer({ bytes: STREAM_BYTES });
  expect(run.responder.readBytes).toBe(STREAM_BYTES);
  expect(run.openCount).toBe(1);
  expect([isEmpty(pair.a), isEmpty(pair.b)]).toEqual([true, true]);
  let refusedCount = 0;
  for (const { transport } of [pair.a, pair.b]) {
    const { forged, unknownConnection, strangers, malformed, damaged } = transport.counters;
    expect([malformed, damaged]).toEqual([0, 0]);
    refusedCount += forged + unknownConnection + strangers;
  }
  const { readFinishedAtUs: finishedAtUs } = run.responder;
  return { pair, finishedAtUs, forgedCount, observer, refusedCount };
}

const quiet = transferWatched([]);

/** Makes 1,000 forgeries of each kind, all of which are refused and none of which costs time. */
function expectUnmoved(names: readonly string[]): void {
  const watched = transferWatched(names);
  for (const name of names) expect(watched.observer.counts.get(name)).toBe(FORGERIES_EACH);
  expect(watched.forgedCount).toBe(FORGERIES_EACH * names.length);
  expect(watched.refusedCount).toBe(watched.forgedCount + quiet.refusedCount);
  expect(watched.finishedAtUs).toBe(quiet.finishedAtUs);
  expect(watched.pair.network.unroutableCount).toBe(0);
}

test.each(attackNames)(
  'an observer who adds %s changes nothing: each is refused, the transfer is as fast',
  (name) => {
    expectUnmoved([name]);
  },
);

test('an observer who adds all of these at once changes nothing', () => {
  expectUnmoved(attackNames);
});

test('an observer whose copies of all overtake the originals costs a few ACKs, and changes nothing', () => {
  const watched = transferWatched(['copies of all'], { mostAtOnce: 1 });
  expect(watched.observer.counts.get('copies of all')).toBe(FORGERIES_EACH);
  expect(watched.finishedAtUs).toBeLessThan(quiet.finishedAtUs * 1.25);
});

test('copies of OPEN_ACK that overtake it from elsewhere change nothing', () => {
  const watched = transferWatched(['early copies of OPEN_ACK from elsewhere']);
  expect(watched.forgedCount).toBeGreaterThan(0);
  expect(watched.pair.network.unroutableCount).toBe(0);
  expect(watched.finishedAtUs).toBe(quiet.finishedAtUs);
});

test('copies of OPEN that overtake it from elsewhere cost a round trip of ACKs, and change nothing', () => {
  const watched = transferWatched(['early copies of OPEN from elsewhere']);
  expect(watched.forgedCount).toBeGreaterThan(0);
  // The answer, and ACKs until the peer has shown where it is.
  expect(watched.pair.network.unroutableCount).toBeLessThan(60);
  expect(watched.finishedAtUs).toBeLessThan(quiet.finishedAtUs * 1.25);
});
