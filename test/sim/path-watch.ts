import assert from 'node:assert/strict';
import type { Path } from '../../src/transfer/core/index.ts';
import { Type, type WatchedPacket } from './watched-packet.ts';

const REPAY_GAIN = 1.25;
const MIN_QUANTUM_PACKETS = 2;
const MAX_QUANTUM_BYTES = 1_048_576;
const BURST_QUANTA = 2;
/** Of one path, beyond its window; twice as many where two probe timeouts meet. */
const MAX_PROBES = 2;
/** The shortest probe timeout. */
const MIN_PROBE_TIMEOUT_US = 10_000;
/** Of controllers that adapt. */
const MIN_WINDOW_PACKETS = 2;
/** Sums of microseconds' worth of a rate are not exact. */
const ROUNDING_BYTES = 1;

/**
 * Looks at what leaves for one path, and fails the run when
 *
 * - more is in flight than the window, but for the probes of a probe timeout;
 * - more leaves in some interval than 1.25 × the pacing rate and two quanta;
 * - window, rate or RTT have become what they must never be.
 */
export class PathWatch {
  readonly #path: Path;
  readonly #tickUs: number;
  /** When probes left that the window had no room for. */
  readonly #probedAtUs: number[] = [];
  /** The highest rate since the last packet. */
  #bytesPerSec = 0;
  /** What left beyond 1.25 × the rate, since whenever that is most, and the largest quantum since. */
  #excessBytes = 0;
  #quantumBytes = 0;
  #leftAtUs = 0;

  #wasShared = false;

  /** `tickUs`: what the driver's timers are worth. */
  constructor(path: Path, tickUs: number) {
    this.#path = path;
    this.#tickUs = tickUs;
  }

  /** Several connections have gone by it at once. */
  get wasShared(): boolean {
    return this.#wasShared;
  }

  /** To be called whenever the rate may have changed. */
  sample(): void {
    const { pacingBytesPerSec, datagramBytes, memberCount } = this.#path;
    this.#wasShared ||= memberCount > 1;
    this.#bytesPerSec = Math.max(this.#bytesPerSec, pacingBytesPerSec);
    const atRate = Math.min(MAX_QUANTUM_BYTES, (pacingBytesPerSec * this.#tickUs) / 1e6);
    const quantumBytes = Math.max(MIN_QUANTUM_PACKETS * datagramBytes, atRate);
    this.#quantumBytes = Math.max(this.#quantumBytes, quantumBytes);
  }

  /** A numbered packet of a connection left this way. */
  onLeaving(packet: WatchedPacket, nowUs: number): void {
    this.sample();
    const { bytesInFlight, windowBytes } = this.#path;
    // Without the wish for an ACK it is no probe. What is sent alone may be larger than a window.
    const isProbe = packet.isAckNow && packet.type !== Type.mtuProbe;
    const isOver = bytesInFlight > Math.max(windowBytes, packet.lengthBytes);
    assert(isProbe || !isOver, 'what is in flight fits the window');
    if (isOver && packet.type === Type.data) this.#onProbe(nowUs);
    this.#pace(packet, nowUs);
  }

  /** The node rests. */
  check(): void {
    this.sample();
    const { controller, rtt, pacingBytesPerSec, bytesInFlight, datagramBytes } = this.#path;
    assert(bytesInFlight >= 0, 'bytes in flight are not negative');
    assert(pacingBytesPerSec > 0, 'a pacing rate is positive');
    assert(controller.windowBytes > 0, 'a window is positive');
    assert(
      !rtt.hasSample || rtt.minUs <= rtt.latestUs,
      'the lowest RTT is no higher than the latest',
    );
    if (controller.connectionWindowPackets !== Infinity) return;
    assert(Number.isFinite(pacingBytesPerSec), 'a pacing rate is finite');
    const leastBytes = MIN_WINDOW_PACKETS * datagramBytes;
    assert(
      Number.isFinite(controller.windowBytes) && controller.windowBytes >= leastBytes,
      'a window is finite and has two datagrams',
    );
  }

  #onProbe(nowUs: number): void {
    const probedAtUs = this.#probedAtUs;
    const lastButAUs = (count: number): number => probedAtUs.at(-count) ?? -Infinity;
    assert(lastButAUs(MAX_PROBES) < nowUs, 'a probe timeout brings at most two probes');
    assert(
      lastButAUs(2 * MAX_PROBES) + MIN_PROBE_TIMEOUT_US <= nowUs,
      'two probe timeouts bring at most four probes',
    );
    probedAtUs.push(nowUs);
  }

  #pace(packet: WatchedPacket, nowUs: number): void {
    const leakedBytes = (REPAY_GAIN * this.#bytesPerSec * (nowUs - this.#leftAtUs)) / 1e6;
    if (leakedBytes >= this.#excessBytes) this.#quantumBytes = 0;
    this.#excessBytes = Math.max(0, this.#excessBytes - leakedBytes) + packet.lengthBytes;
    this.#leftAtUs = nowUs;
    this.#bytesPerSec = 0;
    this.sample();
    if (this.#path.pacingBytesPerSec === Infinity) this.#excessBytes = 0;
    // Probes and PING are not held back; what follows them is.
    const isHeld = packet.type === Type.data && !packet.isAckNow;
    const mostBytes = BURST_QUANTA * this.#quantumBytes + ROUNDING_BYTES;
    assert(!isHeld || this.#excessBytes <= mostBytes, 'no burst is above two quanta');
  }
}
