/** One side of a UDP path; the same shape as the transport's `PeerAddress`. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

/** A connection as its path sees it. */
export interface PathMember {
  /** Bytes it may still send in this round of the deficit round robin. Owned by the path. */
  deficitBytes: number;
  /** Whether it stands among those that have something to send. Owned by the path. */
  isReady: boolean;
  /** What may stand in the peer's kernel buffer for this member. */
  readonly standingBytes: number;
  /** What members sent arrives again, after some of them had heard nothing. */
  onPathHeard(nowUs: number): void;
  /**
   * Fills `buffer` with one packet that the window bounds, and reports it by `Path.onSent`. Returns
   * its length; 0 when it has nothing more to send now, which ends its turn until `activate`.
   */
  pollPacket(buffer: Uint8Array, nowUs: number): number;
}
