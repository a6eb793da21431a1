/** IPv4 and UDP headers: what a link carries beside each datagram. */
export const IP_UDP_BYTES = 28;
/** Largest IP packet of an emulated link: that of Ethernet. */
export const LINK_MTU_BYTES = 1_500;
/** Content in a full packet of that size, with all headers, tags and records taken off. */
const CONTENT_BYTES = 1_444;
/** A queue of one round trip at the link's rate, and of so many packets at least. */
export const MIN_QUEUE_PACKETS = 32;

/** An emulated link, the same in both directions. */
export interface LinkProfile {
  /** Bytes of IP packets a second, each way; undefined where only the machine is the limit. */
  readonly bytesPerSec: number | undefined;
  /** Added to what the way takes by itself, half of it each way. */
  readonly rttMs: number;
  /** Of the datagrams of each direction, from 0 to 1. */
  readonly lossShare: number;
  /** Says which of them are lost: the same seed, the same ones, counted from the first. */
  readonly seed: number;
}

/** Bytes that may wait for a link with a rate: one round trip's, but not fewer than a burst. */
export function queueBytesOf({ rttMs }: LinkProfile, bytesPerSec: number): number {
  return Math.max((bytesPerSec * rttMs) / 1000, MIN_QUEUE_PACKETS * LINK_MTU_BYTES);
}

/** The content that such a link delivers at most, in bytes a second; undefined without a rate. */
export function possibleBytesPerSec({ bytesPerSec, lossShare }: LinkProfile): number | undefined {
  if (bytesPerSec === undefined) return undefined;
  return (bytesPerSec * (1 - lossShare) * CONTENT_BYTES) / LINK_MTU_BYTES;
}
