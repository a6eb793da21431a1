import assert from 'node:assert/strict';
import type { Path } from '../../path/path.ts';
import { PacketKind, PacketState, type SentPackets } from '../../recovery/sent-packets.ts';

/**
 * What a connection has in flight, counted for itself and reported to its path.
 *
 * The path is not told of what says nothing about it: packets that left before the connection moved
 * there, and those of path validation, which go to other addresses. While the connection is suspended
 * it holds nothing of the path's window.
 *
 * Invariant: `bytes` is the sum of the sizes of the packets in state `inFlight`, and `#pathBytes` of
 * those that the path knows.
 */
export class Flight {
  readonly #sent: SentPackets;
  #path: Path;
  /** The first number that may have gone the present path's way. */
  #pathStart: number;
  #bytes = 0;
  #pathBytes = 0;
  #packetCount = 0;
  /** MTU probes and path validation: nothing waits for them, their loss is an answer. */
  #unawaitedCount = 0;
  #isSuspended = false;

  constructor(sent: SentPackets, path: Path) {
    this.#sent = sent;
    this.#path = path;
    this.#pathStart = sent.nextNumber;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get packetCount(): number {
    return this.#packetCount;
  }

  /** Packets whose acknowledgement is waited for. */
  get awaitedCount(): number {
    return this.#packetCount - this.#unawaitedCount;
  }

  /** The others: MTU probes and path validation. */
  get unawaitedCount(): number {
    return this.#unawaitedCount;
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** Of these, those that the path knows. */
  get bytesOnPath(): number {
    return this.#pathBytes;
  }

  /** A packet left; it stands in the ring already. */
  onSent(number: number, nowUs: number): void {
    const sent = this.#sent;
    const sizeBytes = sent.sizeBytes(number);
    this.#bytes += sizeBytes;
    this.#packetCount++;
    if (this.#isUnawaited(number)) this.#unawaitedCount++;
    if (!this.#isOnPath(number)) return;
    this.#pathBytes += sizeBytes;
    this.#path.onSent(sent, number, sizeBytes, nowUs);
    if (this.#isSuspended) this.#path.suspend(sizeBytes);
  }

  /**
   * A packet that is in flight, or was declared lost, is acknowledged; to be told before it is marked.
   * True when its loss had been declared wrongly.
   */
  onAcked(number: number, nowUs: number): boolean {
    const sent = this.#sent;
    const wasInFlight = sent.state(number) === PacketState.inFlight;
    if (wasInFlight) this.#remove(number);
    if (!this.#isOnPath(number)) return false;
    const isMtuProbe = sent.kind(number) === PacketKind.mtuProbe;
    if (isMtuProbe) this.#path.mtu.onProbeAcked(sent.sizeBytes(number));
    if (isMtuProbe && !wasInFlight) return false;
    this.#path.onPacketAcked(sent, number, wasInFlight, nowUs);
    return !wasInFlight;
  }

  /** A packet was declared lost. False when nobody misses it. */
  onLost(number: number, probeTimeoutUs: number, nowUs: number): boolean {
    const sent = this.#sent;
    this.#remove(number);
    const isOnPath = this.#isOnPath(number);
    if (sent.kind(number) === PacketKind.mtuProbe) {
      const sizeBytes = sent.sizeBytes(number);
      if (isOnPath) this.#path.onMtuProbeLost(sizeBytes, probeTimeoutUs, nowUs);
      return false;
    }
    if (isOnPath) this.#path.onPacketLost(sent, number, nowUs);
    return !this.#isUnawaited(number);
  }

  /** Whether the round trip of this packet is the path's. */
  measuresPath(number: number): boolean {
    return this.#sent.state(number) === PacketState.inFlight && this.#isOnPath(number);
  }

  /** Nothing comes back: the window is left to the path's other members. */
  suspend(): void {
    if (this.#isSuspended) return;
    this.#isSuspended = true;
    this.#path.suspend(this.#pathBytes);
    this.#path.onMemberSilenced();
  }

  resume(): void {
    if (!this.#isSuspended) return;
    this.#isSuspended = false;
    this.#path.resume(this.#pathBytes);
  }

  /** The connection has left its path with all it held there, and goes on by this one. */
  moveTo(path: Path): void {
    this.#path = path;
    this.#pathStart = this.#sent.nextNumber;
    this.#pathBytes = 0;
    this.#isSuspended = false;
  }

  /** Fails where the counters are not those of the packets. Looks at all of them: for tests. */
  audit(): void {
    const sent = this.#sent;
    let [bytes, pathBytes, packetCount, unawaitedCount] = [0, 0, 0, 0];
    for (let number = sent.oldest; number < sent.nextNumber; number++) {
      if (sent.state(number) !== PacketState.inFlight) continue;
      bytes += sent.sizeBytes(number);
      packetCount++;
      if (this.#isUnawaited(number)) unawaitedCount++;
      if (this.#isOnPath(number)) pathBytes += sent.sizeBytes(number);
    }
    assert(bytes === this.#bytes, 'bytes in flight are the sum of the packets in flight');
    assert(pathBytes === this.#pathBytes, 'and those on the path, of those that the path knows');
    assert(packetCount === this.#packetCount, 'the packets in flight are counted');
    assert(unawaitedCount === this.#unawaitedCount, 'and those that nothing waits for');
  }

  #remove(number: number): void {
    const sizeBytes = this.#sent.sizeBytes(number);
    this.#bytes -= sizeBytes;
    this.#packetCount--;
    if (this.#isUnawaited(number)) this.#unawaitedCount--;
    if (this.#isOnPath(number)) this.#pathBytes -= sizeBytes;
    assert(this.#bytes >= 0 && this.#pathBytes >= 0, 'a packet leaves flight once');
  }

  #isOnPath(number: number): boolean {
    return number >= this.#pathStart && this.#sent.kind(number) !== PacketKind.pathChallenge;
  }

  #isUnawaited(number: number): boolean {
    const kind = this.#sent.kind(number);
    return kind === PacketKind.mtuProbe || kind === PacketKind.pathChallenge;
  }
}
