import { INITIAL_WINDOW_PACKETS } from '../controller.ts';
import { BandwidthFilter } from './bandwidth-filter.ts';
import {
  MAX_ACK_DELAY_US,
  MAX_ACK_EVERY_PACKETS,
  MIN_PIPE_PACKETS,
  QUANTUM_US,
} from './constants.ts';
import { LossBaseline } from './loss-baseline.ts';
import { MinRtt } from './min-rtt.ts';
import { RttRange } from './rtt-range.ts';
import { ShortTerm } from './short-term.ts';

/** What is known of the path, and what follows for the bytes in flight. */
export class PathModel {
  readonly bandwidth: BandwidthFilter = new BandwidthFilter();
  readonly minRtt: MinRtt = new MinRtt();
  readonly rttRange: RttRange = new RttRange();
  readonly shortTerm: ShortTerm = new ShortTerm();
  datagramBytes: number;

  constructor(datagramBytes: number) {
    this.datagramBytes = datagramBytes;
  }

  /** Bandwidth that is used: the highest measured, within the short-term bound. */
  get usedBytesPerSec(): number {
    return Math.min(this.bandwidth.max, this.shortTerm.bytesPerSec);
  }

  get initialWindowBytes(): number {
    return INITIAL_WINDOW_PACKETS * this.datagramBytes;
  }

  get minPipeBytes(): number {
    return MIN_PIPE_PACKETS * this.datagramBytes;
  }

  onRtt(rttUs: number, nowUs: number): void {
    this.minRtt.onSample(rttUs, nowUs);
    this.rttRange.onSample(rttUs, nowUs);
  }

  /** Whether this RTT lies in the lowest part of those seen lately, and not far above the lowest. */
  isQueueEmpty(rttUs: number, part: number): boolean {
    const minRttUs = this.minRtt.valueUs;
    const isNear = LossBaseline.isQueueEmpty(rttUs, minRttUs);
    return isNear && this.rttRange.isLow(rttUs, minRttUs, part);
  }

  /** Bandwidth × lowest RTT × gain; the initial window before an RTT is known. */
  bdpBytes(gain: number): number {
    if (this.minRtt.valueUs === Infinity) return this.initialWindowBytes;
    return (gain * this.usedBytesPerSec * this.minRtt.valueUs) / 1e6;
  }

  /** What the pacer lets leave in one burst. */
  quantumBytes(bytesPerSec: number): number {
    return Math.max(2 * this.datagramBytes, (bytesPerSec * QUANTUM_US) / 1e6);
  }

  /** The same, and at least what a burst of the pacer and the receiver's gathering of ACKs need. */
  inflightBytes(gain: number): number {
    const rate = this.usedBytesPerSec;
    const quantum = this.quantumBytes(rate);
    const unacked = Math.min(
      MAX_ACK_EVERY_PACKETS * this.datagramBytes,
      (rate * MAX_ACK_DELAY_US) / 1e6,
    );
    return Math.max(this.bdpBytes(gain), quantum + unacked, this.minPipeBytes);
  }
}
