import type { RateSample } from '../recovery/delivery-rate.ts';

/** One packet left. */
export interface SentEvent {
  readonly nowUs: number;
  readonly sizeBytes: number;
  /** Of the whole path, this packet included. */
  readonly bytesInFlight: number;
}

/** One ACK was taken in; the losses it revealed were reported before. */
export interface AckEvent {
  readonly nowUs: number;
  readonly newlyAckedBytes: number;
  readonly newlyLostBytes: number;
  /** Of the whole path, after this ACK and the losses that it revealed. */
  readonly bytesInFlight: number;
  /** What was in flight before the ACK came. */
  readonly priorBytesInFlight: number;
  /** The window held a packet back some time in the last round. */
  readonly isWindowLimited: boolean;
  /** When the newest packet that this ACK acknowledged was sent. */
  readonly newestSentAtUs: number;
  readonly smoothedRttUs: number;
  readonly minRttUs: number;
  /** RTT of this ACK; undefined when it gave none. */
  readonly latestRttUs: number | undefined;
  /** Delivery rate; undefined when the interval was too short to be believed. */
  readonly rate: RateSample | undefined;
  /** True when the path had nothing to send some time since the newest acked packet left. */
  readonly isAppLimited: boolean;
}

/** One packet was declared lost. */
export interface LossEvent {
  readonly nowUs: number;
  readonly sizeBytes: number;
  readonly sentAtUs: number;
  /** Of the whole path, without this packet. */
  readonly bytesInFlight: number;
  /** Bytes in flight right after this packet had been sent. */
  readonly txInFlightBytes: number;
  /** Bytes that the path had lost in all when this packet was sent. */
  readonly lostBytesAtSend: number;
  /** Bytes that the path has lost in all, this packet included. */
  readonly lostBytes: number;
  readonly isAppLimited: boolean;
}

/** A packet that had been declared lost was acknowledged after all. */
export interface SpuriousLossEvent {
  readonly nowUs: number;
  readonly sizeBytes: number;
  readonly sentAtUs: number;
}

/** What a controller is told when it is made. */
export interface ControllerOptions {
  /** Largest datagram of the path now. */
  readonly datagramBytes: number;
  /** Only `fixed`: packets in flight a connection. */
  readonly windowPackets: number;
  /** Uniform in [0, 1), from the caller. */
  readonly random: () => number;
}

/**
 * Decides how much may be in flight on a path and how fast it leaves.
 *
 * A path has one; its connections share it. Records handed to the notifications are reused by the
 * caller: they must not be kept.
 */
export interface CongestionController {
  /** Bytes that may be in flight; PTO probes excepted. At least 2 datagrams unless fixed. */
  readonly windowBytes: number;
  /** Above 0; Infinity means that the window alone decides. */
  readonly pacingBytesPerSec: number;
  /** Factor on bandwidth × RTT up to which the path may fill the network now. */
  readonly inflightGain: number;
  /** Packets in flight that each connection may have for itself; Infinity where the path decides. */
  readonly connectionWindowPackets: number;
  /** The lowest RTT that it goes by; undefined where it keeps none. */
  readonly minRttUs?: number;
  /** What it does now, for traces and benches: `startup` until it has found the path's rate. */
  readonly state?: string;
  onSent(event: SentEvent): void;
  onAcked(event: AckEvent): void;
  onLost(event: LossEvent): void;
  onSpuriousLoss(event: SpuriousLossEvent): void;
  /** Everything sent for longer than the persistent congestion duration was lost (RFC 9002 §7.6). */
  onPersistentCongestion(nowUs: number): void;
  /** The path carries datagrams of another size from now on. */
  onDatagramBytes(datagramBytes: number): void;
}

/** Packets that a path may send before it has learned anything; paced over the first RTT. */
export const INITIAL_WINDOW_PACKETS = 32;
/** Smallest window of the adaptive controllers (RFC 9002 §7.2). */
export const MIN_WINDOW_PACKETS = 2;
/** RTT taken for the first pacing rate where none is known yet. */
export const ASSUMED_RTT_US = 50_000;
