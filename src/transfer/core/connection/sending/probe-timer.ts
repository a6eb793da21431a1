/** Probes of one probe timeout and connection (RFC 9002 §6.2.4). */
const PROBES_PER_TIMEOUT = 2;
/** Probe timeouts in a row after which a connection holds nothing of its path's window. */
const SILENT_TIMEOUTS = 2;
/** Probe timeouts in a row from which probes are no larger than the path's base (DESIGN §4). */
const SMALL_PROBE_TIMEOUTS = 2;
/** Backoff of the probe timeout ends here, so that a path that returns is found soon (DESIGN §4). */
const MAX_BACKED_OFF_US = 1_000_000;
const MAX_PROBE_BACKOFF = 64;
const MAX_CREDIT_BACKOFF = 1024;

/**
 * When a sender that hears nothing asks again: by probes while packets are in flight, and while
 * credit stops it with nothing on its way, by a question whether the ACK that raised it is lost.
 *
 * Both wait from the last packet that left, twice as long each time in a row. `probeTimeoutUs` is
 * always the one without backoff.
 */
export class ProbeTimer {
  #lastSentAtUs = 0;
  #timeoutCount = 0;
  #probesDue = 0;
  #creditQuestionCount = 0;

  /** When the last packet left that is waited for, or the last timeout came. */
  get lastSentAtUs(): number {
    return this.#lastSentAtUs;
  }

  /** So many timeouts in a row that the path should not wait for this connection. */
  get isSilent(): boolean {
    return this.#timeoutCount >= SILENT_TIMEOUTS;
  }

  /** From the second timeout in a row a probe should fit any path: the MTU may have shrunk. */
  get wantsSmallProbes(): boolean {
    return this.#timeoutCount >= SMALL_PROBE_TIMEOUTS;
  }

  get hasProbe(): boolean {
    return this.#probesDue > 0;
  }

  probeAtUs(probeTimeoutUs: number): number {
    return this.#lastSentAtUs + backedOff(probeTimeoutUs, this.#timeoutCount, MAX_PROBE_BACKOFF);
  }

  creditQuestionAtUs(probeTimeoutUs: number): number {
    const count = this.#creditQuestionCount;
    return this.#lastSentAtUs + backedOff(probeTimeoutUs, count, MAX_CREDIT_BACKOFF);
  }

  onSent(nowUs: number): void {
    this.#lastSentAtUs = nowUs;
  }

  onTimeout(nowUs: number): void {
    this.#timeoutCount++;
    this.#probesDue = PROBES_PER_TIMEOUT;
    // The next timeout counts from here even if the path grants this connection no probe.
    this.#lastSentAtUs = nowUs;
  }

  onCreditQuestion(): void {
    this.#creditQuestionCount++;
  }

  /** Something was acknowledged for the first time. */
  onProgress(): void {
    this.#timeoutCount = 0;
    this.#probesDue = 0;
  }

  onCreditRaised(): void {
    this.#creditQuestionCount = 0;
  }

  /** The silence was another path's. */
  onMoved(): void {
    this.#timeoutCount = 0;
  }

  takeProbe(): boolean {
    if (this.#probesDue === 0) return false;
    this.#probesDue--;
    return true;
  }

  /** The path grants none, or none can be numbered. */
  dropProbes(): void {
    this.#probesDue = 0;
  }
}

function backedOff(baseUs: number, count: number, maxBackoff: number): number {
  const backoff = Math.min(2 ** count, maxBackoff);
  return Math.max(baseUs, Math.min(baseUs * backoff, MAX_BACKED_OFF_US));
}
