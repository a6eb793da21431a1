import type { StallReason, TransferProgress } from './transfer.ts';

/** How far back the rate looks. */
const RATE_SPAN_US = 1_000_000;
/** Samples are at least this far apart: at most `RATE_SPAN_US` / this, and two more, are kept. */
const SAMPLE_SPACING_US = 100_000;
/** Least time without progress that is called a stall, though the peer is heard (PRODUCT §4). */
const MIN_STALL_US = 5_000_000;
const STALL_PTO_COUNT = 10;
/** A shorter wait for the answer to an offer is the network's and the disk's, a longer one a person's. */
const MIN_ANSWER_WAIT_MS = 1_000;

interface Sample {
  readonly atUs: number;
  readonly bytes: number;
}

/** Counts the bytes of one transfer and how fast they come. */
export class ProgressMeter {
  readonly #nowUs: () => number;
  #samples: Sample[] = [];
  #bytes = 0;
  #silentSinceUs: number | undefined;
  #progressAtUs = Infinity;
  #heardAgainAtUs = 0;
  #waitedMs = 0;
  /** As far as it is known. */
  totalBytes = 0;
  isTotalKnown = true;

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
  }

  /** The peer is not heard. */
  get isSilent(): boolean {
    return this.#silentSinceUs !== undefined;
  }

  /** Milliseconds since anything went on; 0 before the start. */
  get idleMs(): number {
    return Math.max(0, (this.#nowUs() - this.#progressAtUs) / 1_000);
  }

  /** Nothing has gone on for long: 10 probe timeouts, and 5 s at least. */
  isStalled(probeTimeoutUs: number): boolean {
    const stallUs = Math.max(MIN_STALL_US, STALL_PTO_COUNT * probeTimeoutUs);
    // After a silence the other side first has to notice that it is over.
    const sinceUs = Math.max(this.#progressAtUs, this.#heardAgainAtUs);
    return this.isSilent || this.#nowUs() - sinceUs >= stallUs;
  }

  /** Milliseconds in which nothing went on because an offer had no answer; not the transfer's time. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /** An offer has its answer: called before anything else goes on. */
  readonly endWait = (): void => {
    if (this.idleMs >= MIN_ANSWER_WAIT_MS) this.#waitedMs += this.idleMs;
    this.touch();
  };

  /** The clock of the rate begins here. */
  start(): void {
    this.touch();
    this.#samples = [{ atUs: this.#nowUs(), bytes: this.#bytes }];
  }

  /** Something went on, if not a byte of content. */
  touch(): void {
    this.#progressAtUs = this.#nowUs();
  }

  /** `bytes` are through in all; a smaller number than before changes nothing. */
  update(bytes: number): void {
    if (bytes <= this.#bytes) return;
    this.touch();
    this.#bytes = bytes;
    const atUs = this.#nowUs();
    const last = this.#samples.at(-1);
    if (last !== undefined && atUs - last.atUs < SAMPLE_SPACING_US) return;
    this.#samples.push({ atUs, bytes });
    // The oldest sample kept is the last one from before the span, so that the span is covered.
    while (this.#samples.length > 2 && this.#samples[1]!.atUs <= atUs - RATE_SPAN_US) {
      this.#samples.shift();
    }
  }

  /** The end has come of what had no known size. */
  endAt(totalBytes: number): void {
    this.totalBytes = totalBytes;
    this.isTotalKnown = true;
  }

  silence(sinceUs: number): void {
    this.#silentSinceUs = sinceUs;
  }

  /** The peer is heard again. */
  endSilence(): void {
    if (this.isSilent) this.#heardAgainAtUs = this.#nowUs();
    this.#silentSinceUs = undefined;
  }

  /** `stallReason`: why nothing goes on, if it is stalled. */
  snapshot(stallReason: StallReason | undefined): TransferProgress {
    const nowUs = this.#nowUs();
    let oldest = this.#samples[0];
    for (const sample of this.#samples) {
      if (sample.atUs <= nowUs - RATE_SPAN_US) oldest = sample;
    }
    const elapsedUs = oldest === undefined ? 0 : nowUs - oldest.atUs;
    const bytesPerSec =
      oldest === undefined || elapsedUs <= 0
        ? 0
        : Math.round(((this.#bytes - oldest.bytes) * 1e6) / elapsedUs);
    const stalledSinceUs = this.#silentSinceUs ?? this.#progressAtUs;
    return {
      transferredBytes: this.#bytes,
      totalBytes: this.isTotalKnown ? this.totalBytes : undefined,
      bytesPerSec,
      stalledMs: stallReason === undefined ? 0 : Math.max(0, (nowUs - stalledSinceUs) / 1_000),
      ...(stallReason === undefined ? {} : { stallReason }),
    };
  }
}
