import type {
  AckEvent,
  CongestionController,
  ControllerOptions,
  LossEvent,
} from '../../../../src/transfer/core/congestion/controller.ts';

/** Of every packet in these tests. */
export const DATAGRAM_BYTES = 1_200;

export const options: ControllerOptions = {
  datagramBytes: DATAGRAM_BYTES,
  windowPackets: 64,
  random: (): number => 0.5,
};

/** Whatever a test does not name is a full window's ordinary ACK. */
export function ackEvent(event: Partial<AckEvent>): AckEvent {
  const bytesInFlight = event.bytesInFlight ?? 32 * DATAGRAM_BYTES;
  return {
    nowUs: 0,
    newlyAckedBytes: DATAGRAM_BYTES,
    newlyLostBytes: 0,
    bytesInFlight,
    priorBytesInFlight: bytesInFlight + (event.newlyAckedBytes ?? DATAGRAM_BYTES),
    isWindowLimited: true,
    newestSentAtUs: 0,
    smoothedRttUs: 100_000,
    minRttUs: 100_000,
    latestRttUs: 100_000,
    rate: undefined,
    isAppLimited: false,
    ...event,
  };
}

export function lossEvent(event: Partial<LossEvent>): LossEvent {
  return {
    nowUs: 0,
    sizeBytes: DATAGRAM_BYTES,
    sentAtUs: 0,
    bytesInFlight: 0,
    txInFlightBytes: 0,
    lostBytesAtSend: 0,
    lostBytes: 0,
    isAppLimited: false,
    ...event,
  };
}

/**
 * A path without a queue that always holds a full window: each packet is acknowledged by itself, one
 * RTT after it left, and the packets of a window are spread over the RTT.
 */
export class SteadyPath {
  nowUs = 1_000_000;
  readonly rttUs: number;
  readonly #controller: CongestionController;

  constructor(controller: CongestionController, rttUs: number) {
    this.#controller = controller;
    this.rttUs = rttUs;
  }

  get windowPackets(): number {
    return this.#controller.windowBytes / DATAGRAM_BYTES;
  }

  /** The next packet's ACK; `event` as of a path that is not quite so steady. */
  ack(event: Partial<AckEvent> = {}): void {
    this.nowUs += this.rttUs / this.windowPackets;
    this.#controller.onAcked(this.#event(event));
  }

  acks(count: number, event: Partial<AckEvent> = {}): void {
    for (let left = count; left > 0; left--) this.ack(event);
  }

  /** For this long. */
  run(forUs: number): void {
    const endUs = this.nowUs + forUs;
    while (this.nowUs < endUs) this.ack();
  }

  /** Until the window has this many packets. */
  growTo(packets: number): void {
    while (this.windowPackets < packets) this.ack();
  }

  /** The packet sent an RTT ago is lost; then, in no time, all that was in flight is resolved. */
  lose(): void {
    const sentAtUs = this.nowUs - this.rttUs;
    this.#controller.onLost(lossEvent({ nowUs: this.nowUs, sentAtUs }));
    this.nowUs += this.rttUs + 1;
  }

  #event(event: Partial<AckEvent>): AckEvent {
    const { windowBytes } = this.#controller;
    return ackEvent({
      nowUs: this.nowUs,
      newestSentAtUs: this.nowUs - this.rttUs,
      bytesInFlight: Math.max(0, windowBytes - DATAGRAM_BYTES),
      priorBytesInFlight: windowBytes,
      smoothedRttUs: this.rttUs,
      minRttUs: this.rttUs,
      latestRttUs: this.rttUs,
      ...event,
    });
  }
}
