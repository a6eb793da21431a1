import { PAYLOAD_BYTES, PAYLOAD_SHARE } from './packet-size.ts';

/** What a sender may send before it has learned anything (src/transfer/README.md). */
export const INITIAL_WINDOW_PACKETS = 32;

/** A link as far as physics is concerned. */
export interface LinkLimits {
  readonly rateMbitPerSec: number;
  readonly rttMs: number;
  /** Mean part of the packets that the wire loses. */
  readonly loss: number;
}

/** Payload that can come out of a link at best: what is lost has used it too. */
export function limitBytesPerSec({ rateMbitPerSec, loss }: LinkLimits): number {
  return ((rateMbitPerSec * 1e6) / 8) * (1 - loss) * PAYLOAD_SHARE;
}

/** Bytes beyond file and headers, as a part of those, that loss costs who sends again only what is lost. */
export function leastExcess(loss: number): number {
  return loss / (1 - loss);
}

/**
 * How long it takes from the first OPEN until `bytes` of payload have arrived, for a sender that wastes
 * nothing: one round trip to open, then the initial window, then twice as much each round trip until
 * the link is full. Nothing waits in a queue, nothing is paced, what the wire loses costs its share.
 */
export function idealArrivalUs(link: LinkLimits, bytes: number): number {
  const rttUs = link.rttMs * 1e3;
  const bytesPerUs = limitBytesPerSec(link) / 1e6;
  let windowBytes = INITIAL_WINDOW_PACKETS * PAYLOAD_BYTES * (1 - link.loss);
  let atUs = rttUs;
  let leftBytes = bytes;
  while (windowBytes < bytesPerUs * rttUs && leftBytes > windowBytes) {
    leftBytes -= windowBytes;
    windowBytes *= 2;
    atUs += rttUs;
  }
  return atUs + leftBytes / bytesPerUs + rttUs / 2;
}

/** Of the bottleneck with both ways, IP bytes. */
export function bdpBytes({ rateMbitPerSec, rttMs }: Omit<LinkLimits, 'loss'>): number {
  return ((rateMbitPerSec * 1e6) / 8) * (rttMs / 1e3);
}
