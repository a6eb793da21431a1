import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AckEvent,
  type CongestionController,
  type LossEvent,
  MIN_WINDOW_PACKETS,
} from '../../src/transfer/core/congestion/controller.ts';
import {
  type ControllerName,
  controllerNames,
  controllers,
} from '../../src/transfer/core/congestion/registry.ts';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import { delay, loss } from '../sim/wire-elements.ts';

const RTT_US = 40_000;
const DATAGRAM_BYTES = 1_200;

/** What a controller promises beside the interface. One that the registry has and this has not fails. */
const adaptive: Readonly<Record<ControllerName, boolean>> = {
  bbr: true,
  cubic: true,
  ledbat: true,
  fixed: false,
};

test('the suite knows every controller of the registry', () => {
  expect(Object.keys(adaptive).sort()).toEqual([...controllerNames].sort());
});

/** A path that acknowledges or loses what is in flight, oldest first, and tells its controller. */
class ToldPath {
  readonly controller: CongestionController;
  nowUs = 1_000_000;
  datagramBytes = DATAGRAM_BYTES;
  #inFlight: number[] = [];
  #lost: number[] = [];
  #deliveredBytes = 0;
  #lostBytes = 0;
  #bytesInFlight = 0;

  constructor(name: ControllerName) {
    const options = { datagramBytes: DATAGRAM_BYTES, windowPackets: 16, random: () => 0.5 };
    this.controller = controllers[name](options);
  }

  get #mayBytes(): number {
    const { windowBytes, connectionWindowPackets } = this.controller;
    return Math.min(windowBytes, connectionWindowPackets * this.datagramBytes);
  }

  /** Sends up to `count` packets that the window allows. */
  send(count: number): void {
    for (let left = count; left > 0; left--) {
      if (this.#bytesInFlight + this.datagramBytes > this.#mayBytes) return;
      this.#bytesInFlight += this.datagramBytes;
      this.#inFlight.push(this.nowUs);
      const bytesInFlight = this.#bytesInFlight;
      this.controller.onSent({ nowUs: this.nowUs, sizeBytes: this.datagramBytes, bytesInFlight });
    }
  }

  ack(count: number, queueUs = 0, isAppLimited = false): void {
    const packets = this.#inFlight.splice(0, count);
    if (packets.length === 0) return;
    const newestSentAtUs = packets.at(-1)!;
    this.nowUs = Math.max(this.nowUs, newestSentAtUs + RTT_US + queueUs);
    const priorBytesInFlight = this.#bytesInFlight;
    const bytes = Math.min(packets.length * this.datagramBytes, this.#bytesInFlight);
    this.#bytesInFlight -= bytes;
    const priorDeliveredBytes = this.#deliveredBytes;
    this.#deliveredBytes += bytes;
    const rttUs = this.nowUs - newestSentAtUs;
    const event: AckEvent = {
      nowUs: this.nowUs,
      newlyAckedBytes: bytes,
      newlyLostBytes: 0,
      bytesInFlight: this.#bytesInFlight,
      priorBytesInFlight,
      isWindowLimited: !isAppLimited,
      newestSentAtUs,
      smoothedRttUs: RTT_US + queueUs,
      minRttUs: RTT_US,
      latestRttUs: rttUs,
      rate: {
        deliveryRateBytesPerSec: (bytes * 1e6) / RTT_US,
        deliveredBytes: bytes,
        priorDeliveredBytes,
        intervalUs: RTT_US,
        newlyAckedBytes: bytes,
        newlyLostBytes: 0,
        lostBytes: 0,
        isAppLimited,
        txInFlightBytes: priorBytesInFlight,
        rttUs,
      },
      isAppLimited,
    };
    this.controller.onAcked(event);
  }

  lose(count: number): void {
    for (const sentAtUs of this.#inFlight.splice(0, count)) {
      this.#bytesInFlight = Math.max(0, this.#bytesInFlight - this.datagramBytes);
      this.#lostBytes += this.datagramBytes;
      this.#lost.push(sentAtUs);
      const event: LossEvent = {
        nowUs: this.nowUs,
        sizeBytes: this.datagramBytes,
        sentAtUs,
        bytesInFlight: this.#bytesInFlight,
        txInFlightBytes: this.#bytesInFlight + this.datagramBytes,
        lostBytesAtSend: this.#lostBytes - this.datagramBytes,
        lostBytes: this.#lostBytes,
        isAppLimited: false,
      };
      this.controller.onLost(event);
    }
  }

  /** The packets that were declared lost come after all. */
  findLost(count: number): void {
    for (const sentAtUs of this.#lost.splice(0, count)) {
      const sizeBytes = this.datagramBytes;
      this.controller.onSpuriousLoss({ nowUs: this.nowUs, sizeBytes, sentAtUs });
    }
  }

  resize(bytes: number): void {
    this.datagramBytes = bytes;
    this.controller.onDatagramBytes(bytes);
  }

  wait(us: number): void {
    this.nowUs += us;
  }

  round(): void {
    this.send(10_000);
    this.ack(10_000);
  }

  /** What holds after every event. */
  check(name: ControllerName): void {
    const { windowBytes, pacingBytesPerSec, inflightGain, connectionWindowPackets } =
      this.controller;
    expect(pacingBytesPerSec).toBeGreaterThan(0);
    expect(inflightGain).toBeGreaterThan(0);
    expect(connectionWindowPackets).toBeGreaterThanOrEqual(1);
    if (!adaptive[name]) return;
    expect(windowBytes).toBeGreaterThanOrEqual(MIN_WINDOW_PACKETS * this.datagramBytes);
    expect(Number.isFinite(windowBytes)).toBe(true);
    expect(Number.isFinite(pacingBytesPerSec)).toBe(true);
  }
}

type Step = (path: ToldPath) => void;

const count = fc.integer({ min: 1, max: 200 });
const step: fc.Arbitrary<Step> = fc.oneof(
  count.map((packets): Step => (path) => {
    path.send(packets);
  }),
  fc
    .tuple(count, fc.integer({ min: 0, max: 300_000 }), fc.boolean())
    .map(([packets, queueUs, isAppLimited]): Step => (path) => {
      path.ack(packets, queueUs, isAppLimited);
    }),
  count.map((packets): Step => (path) => {
    path.lose(packets);
  }),
  count.map((packets): Step => (path) => {
    path.findLost(packets);
  }),
  fc.integer({ min: 1, max: 90_000_000 }).map((us): Step => (path) => {
    path.wait(us);
  }),
  fc.constantFrom(1_200, 1_472, 8_972, 32_000).map((bytes): Step => (path) => {
    path.resize(bytes);
  }),
  fc.constant<Step>((path) => {
    path.controller.onPersistentCongestion(path.nowUs);
  }),
);

describe.each(controllerNames)('%s', (name) => {
  test('keeps a window of two datagrams or more and a finite rate, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const path = new ToldPath(name);
        path.check(name);
        for (const act of steps) {
          act(path);
          path.check(name);
        }
      }),
    );
  });

  test('is no larger after a loss than before', () => {
    const path = new ToldPath(name);
    for (let round = 0; round < 4; round++) path.round();
    path.send(10_000);
    const { windowBytes } = path.controller;
    path.lose(5);
    expect(path.controller.windowBytes).toBeLessThanOrEqual(windowBytes);
  });

  test('is at its least after persistent congestion, if it adapts', () => {
    const path = new ToldPath(name);
    for (let round = 0; round < 4; round++) path.round();
    const { windowBytes } = path.controller;
    path.controller.onPersistentCongestion(path.nowUs);
    if (adaptive[name]) expect(path.controller.windowBytes).toBeLessThan(windowBytes / 4);
    else expect(path.controller.windowBytes).toBe(windowBytes);
  });

  test('has its window back when all losses were none', () => {
    const path = new ToldPath(name);
    for (let round = 0; round < 4; round++) path.round();
    path.send(10_000);
    const { windowBytes } = path.controller;
    path.lose(5);
    path.findLost(5);
    expect(path.controller.windowBytes).toBeGreaterThanOrEqual(windowBytes);
  });

  test('holds two of larger datagrams at once', () => {
    const path = new ToldPath(name);
    path.resize(32_000);
    path.check(name);
    path.resize(1_200);
    path.check(name);
  });

  test('brings a stream over a path that loses one packet in a hundred', () => {
    const pair = new Pair({
      seed: 1,
      forward: [bottleneck(10e6, 50_000), loss(0.01), delay(RTT_US / 2)],
      backward: [delay(RTT_US / 2)],
      config: { controller: name, windowPackets: 16 },
    });
    expect(pair.transfer({ bytes: 300_000 }).responder.readBytes).toBe(300_000);
  });
});
