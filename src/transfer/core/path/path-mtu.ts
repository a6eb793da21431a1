import { MtuDiscovery } from './mtu-discovery.ts';

/** An MTU probe leaves only where it is no more than this part of the window. */
const MTU_PROBE_PART = 1 / 2;

/**
 * How large the datagrams of a path are: as large as it was found to carry (`MtuDiscovery`), and no
 * larger than what both ends take. All sizes are UDP payload bytes.
 */
export class PathMtu {
  readonly #discovery: MtuDiscovery;
  readonly #onChange: (datagramBytes: number) => void;
  #interfaceBytes = 0;
  #peerBytes: number = Infinity;
  #datagramBytes: number;

  /** `onChange` is told of every size after the first. */
  constructor(baseBytes: number, onChange: (datagramBytes: number) => void) {
    this.#discovery = new MtuDiscovery(baseBytes);
    this.#datagramBytes = baseBytes;
    this.#onChange = onChange;
  }

  /** Largest datagram to send. */
  get datagramBytes(): number {
    return this.#datagramBytes;
  }

  /** Datagrams that are taken to be carried without a probe. */
  get baseBytes(): number {
    return this.#discovery.baseBytes;
  }

  /** Datagrams above the base are tried up to this, the largest that this side's interface takes. */
  set interfaceBytes(bytes: number) {
    this.#interfaceBytes = bytes;
    this.#limit();
  }

  /** The largest that the peer takes; never more is sent, but for the base. */
  set peerBytes(bytes: number) {
    this.#peerBytes = bytes;
    this.#limit();
  }

  get peerBytes(): number {
    return this.#peerBytes;
  }

  /** A datagram may turn out too large: what the system says of each should be heard. */
  get isProbing(): boolean {
    return this.#discovery.isProbing;
  }

  /** A larger datagram may yet be found. */
  get isSearching(): boolean {
    return this.#discovery.isSearching;
  }

  /** Size of the probe that should leave now; 0 when none should, or the window is too small for it. */
  dueProbeBytes(windowBytes: number, nowUs: number): number {
    const sizeBytes = this.#discovery.dueProbeBytes(nowUs);
    return sizeBytes > MTU_PROBE_PART * windowBytes ? 0 : sizeBytes;
  }

  /**
   * Size of the probe that is due, if it is at most `roomBytes`; 0 for none. One that is returned is on its
   * way: `onProbeAcked` or `onProbeLost` follows. Without `windowBytes` the window has no say in it.
   */
  takeProbe(roomBytes: number, nowUs: number, windowBytes: number = Infinity): number {
    const sizeBytes = this.dueProbeBytes(windowBytes, nowUs);
    if (sizeBytes === 0 || sizeBytes > roomBytes) return 0;
    this.#discovery.onProbeSent(sizeBytes, nowUs);
    return sizeBytes;
  }

  /** Also of a probe that had been taken for lost. */
  onProbeAcked(sizeBytes: number): void {
    this.#discovery.onProbeAcked(sizeBytes);
    this.#follow();
  }

  onProbeLost(sizeBytes: number, probeTimeoutUs: number, nowUs: number): void {
    this.#discovery.onProbeLost(sizeBytes, probeTimeoutUs, nowUs);
  }

  /** A packet that is no probe was acknowledged. */
  onAcked(sizeBytes: number, nowUs: number): void {
    this.#discovery.onAcked(sizeBytes, nowUs);
  }

  /** A packet that is no probe was declared lost. */
  onLost(sizeBytes: number, sentAtUs: number): void {
    this.#discovery.onLost(sizeBytes, sentAtUs);
  }

  /** To be called when the ACKs and losses of one ACK were told. */
  endAck(probeTimeoutUs: number, nowUs: number): void {
    if (this.#discovery.detectBlackHole(probeTimeoutUs, nowUs)) this.#follow();
  }

  /** The system says that a datagram to here was too large. */
  onTooBig(nowUs: number): void {
    this.#discovery.onTooBig(nowUs);
    this.#follow();
  }

  #limit(): void {
    this.#discovery.ceilingBytes = Math.min(this.#interfaceBytes, this.#peerBytes);
    this.#follow();
  }

  #follow(): void {
    const bytes = this.#discovery.datagramBytes;
    if (bytes === this.#datagramBytes) return;
    this.#datagramBytes = bytes;
    this.#onChange(bytes);
  }
}
