import type { TransferProgress } from './transfer.ts';

/** How far back the rate looks. */
const RATE_SPAN_US = 1_000_000;
/** Samples are at least this far apart: at most `RATE_SPAN_US` / this, and two more, are kept. */
const SAMPLE_SPACING_US = 100_000;

interface Sample {
  readonly atUs: number;
  readonly bytes: number;
}

/** Counts the bytes of one transfer and how fast they come. */
export class ProgressMeter {
  readonly #nowUs: () => number;
  #samples: Sample[] = [];
  #bytes = 0;
  #stalledSinceUs: number | undefined;
  totalBytes = 0;

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
  }

  get isStalled(): boolean {
    return this.#stalledSinceUs !== undefined;
  }

  /** The clock of the rate begins here. */
  start(): void {
    this.#samples = [{ atUs: this.#nowUs(), bytes: this.#bytes }];
  }

  /** `bytes` are through in all; a smaller number than before changes nothing. */
  update(bytes: number): void {
    if (bytes <= this.#bytes) return;
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

  stall(sinceUs: number): void {
    this.#stalledSinceUs = sinceUs;
  }

  resume(): void {
    this.#stalledSinceUs = undefined;
  }

  get snapshot(): TransferProgress {
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
    const stalledSinceUs = this.#stalledSinceUs;
    return {
      transferredBytes: this.#bytes,
      totalBytes: this.totalBytes,
      bytesPerSec,
      stalledMs: stalledSinceUs === undefined ? 0 : Math.max(0, (nowUs - stalledSinceUs) / 1_000),
    };
  }
}
