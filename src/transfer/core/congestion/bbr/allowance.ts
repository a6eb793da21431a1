import { ASSUMED_RTT_US } from '../controller.ts';
import * as K from './constants.ts';
import { gains, type State } from './gains.ts';
import type { LongTerm } from './long-term.ts';
import type { PathModel } from './path-model.ts';

/** Rounds in which Startup paces at 2.77 windows an RTT at least (ours). */
const EARLY_ROUNDS = 6;

/** How far a flow has come when an ACK is taken in. */
export interface FlowProgress {
  readonly state: State;
  /** Startup has found the path's rate. */
  readonly isPipeFull: boolean;
  readonly roundCount: number;
  /** Since the start. */
  readonly deliveredBytes: number;
  readonly newlyAckedBytes: number;
  /** What ACKs gather beside the bandwidth. */
  readonly extraAckedBytes: number;
}

/** How much may be in flight and how fast it leaves: what follows from the model in each state. */
export class Allowance {
  windowBytes: number;
  pacingBytesPerSec: number;
  readonly #model: PathModel;
  readonly #longTerm: LongTerm;

  constructor(model: PathModel, longTerm: LongTerm) {
    this.#model = model;
    this.#longTerm = longTerm;
    this.windowBytes = model.initialWindowBytes;
    this.pacingBytesPerSec = this.#initialPacing(ASSUMED_RTT_US);
  }

  /** The path's bandwidth × lowest RTT, where the window allows it. */
  get targetInflightBytes(): number {
    return Math.min(this.#model.bdpBytes(1), this.windowBytes);
  }

  /** Most in flight while nothing is probed: others have room to grow into. */
  get cruisingBytes(): number {
    const { datagramBytes, minPipeBytes } = this.#model;
    return this.#longTerm.withHeadroom(datagramBytes, minPipeBytes);
  }

  /** What ProbeRTT leaves in flight. */
  get probeRttWindowBytes(): number {
    return Math.max(this.#model.bdpBytes(K.PROBE_RTT_WINDOW_GAIN), this.#model.minPipeBytes);
  }

  inflightBytes(state: State, gain: number): number {
    const probe = state === 'up' ? 2 * this.#model.datagramBytes : 0;
    return this.#model.inflightBytes(gain) + probe;
  }

  /** What was in flight filled the window, up to a burst of the pacer. */
  isFull(priorBytesInFlight: number): boolean {
    const burstBytes = this.#model.quantumBytes(this.pacingBytesPerSec);
    return priorBytesInFlight + burstBytes >= this.windowBytes;
  }

  /** The window stands at the long-term bound. */
  get isAtLongTermBound(): boolean {
    return this.windowBytes >= this.#longTerm.inflightBytes;
  }

  /** No queue of ours is left, and others have room to grow into. */
  isDrained(state: State, bytesInFlight: number): boolean {
    return bytesInFlight <= this.cruisingBytes && bytesInFlight <= this.inflightBytes(state, 1);
  }

  /** The first RTT is known: until now the pace stood on an assumed one. */
  startPacing(rttUs: number): void {
    this.pacingBytesPerSec = this.#initialPacing(Math.max(1, rttUs));
  }

  /** At the bandwidth from now on, whatever the state. */
  paceAtBandwidth(): void {
    this.pacingBytesPerSec = this.#paced(1);
  }

  onAcked(progress: FlowProgress): void {
    this.#setPacing(progress);
    this.#setWindow(progress);
  }

  #initialPacing(rttUs: number): number {
    return (K.STARTUP_PACING_GAIN * this.#model.initialWindowBytes * 1e6) / rttUs;
  }

  #paced(gain: number): number {
    return gain * this.#model.usedBytesPerSec * (1 - K.PACING_MARGIN);
  }

  #setPacing({ state, isPipeFull, roundCount }: FlowProgress): void {
    if (this.#model.bandwidth.max === 0) return;
    const wanted = this.#paced(gains[state][0]);
    if (isPipeFull) {
      this.pacingBytesPerSec = wanted;
      return;
    }
    // Ours: the first delivery rates are those of flights that were spread over part of an RTT, and
    // 2.77 times too little does not double. 1 MiB at 100 Mbit/s, 50 ms: 353 ms without, 329 with.
    const doubling =
      roundCount < EARLY_ROUNDS
        ? (K.STARTUP_PACING_GAIN * this.windowBytes * 1e6) / Math.max(1, this.#model.minRtt.valueUs)
        : 0;
    this.pacingBytesPerSec = Math.max(this.pacingBytesPerSec, wanted, doubling);
  }

  #setWindow(progress: FlowProgress): void {
    const { state, newlyAckedBytes, extraAckedBytes } = progress;
    const most = this.inflightBytes(state, gains[state][1]) + extraAckedBytes;
    if (progress.isPipeFull) {
      this.windowBytes = Math.min(this.windowBytes + newlyAckedBytes, most);
    } else if (
      this.windowBytes < most ||
      progress.deliveredBytes < this.#model.initialWindowBytes
    ) {
      this.windowBytes += newlyAckedBytes;
    }
    this.windowBytes = Math.max(this.windowBytes, this.#model.minPipeBytes);
    if (state === 'probeRtt') {
      this.windowBytes = Math.min(this.windowBytes, this.probeRttWindowBytes);
    }
    this.windowBytes = Math.min(this.windowBytes, this.#boundBytes(state));
  }

  /** What congestion has shown. */
  #boundBytes(state: State): number {
    const { minPipeBytes, shortTerm } = this.#model;
    let bound = Infinity;
    if (state === 'cruise' || state === 'probeRtt') {
      bound = this.cruisingBytes;
    } else if (state !== 'startup' && state !== 'drain') {
      bound = this.#longTerm.inflightBytes;
    }
    return Math.max(minPipeBytes, Math.min(bound, shortTerm.inflightBytes));
  }
}
