import type { Address } from '../path/path-member.ts';
import { type AckFields, type DecodedAck, type MarkFields } from '../wire/codec.ts';
import type { PacketType } from '../wire/packet.ts';
import type { ConnectionStats, SendHold } from './connection-stats.ts';

/** A packet that left, or came and passed its check. The one object serves all: it is not to be kept. */
export interface TracedPacket {
  readonly type: PacketType;
  readonly flags: number;
  /** In full; `ackSeq` of an ACK; 0 where there is none. */
  readonly number: number;
  /** UDP payload. */
  readonly sizeBytes: number;
  /** DATA: where in the stream its payload begins, and how long that is; else 0. */
  readonly offset: number;
  readonly payloadBytes: number;
  /** Of an ACK. */
  readonly ack:
    (AckFields & Pick<DecodedAck, 'rangeCount' | 'rangeStarts' | 'rangeEnds'>) | undefined;
  /** Of a MARK. */
  readonly mark: MarkFields | undefined;
}

/** What a connection goes by after an ACK, or a timeout that declared losses. Not to be kept. */
export interface TracedStanding {
  readonly latestRttUs: number;
  readonly smoothedRttUs: number;
  readonly rttVarianceUs: number;
  /** Infinity before the first sample. */
  readonly minRttUs: number;
  /** The path's, which other connections may share. */
  readonly windowBytes: number;
  readonly bytesInFlight: number;
  /** Infinity where the window alone decides. */
  readonly pacingBytesPerSec: number;
  readonly datagramBytes: number;
  readonly controllerState: string | undefined;
  /** Of the connection's stream, from its start without a gap. */
  readonly acknowledgedBytes: number;
  /** End of what the peer allows of the stream. */
  readonly creditBytes: number;
}

/** Hears what one connection does. Called on the hot path: it returns at once and never throws. */
export interface ConnectionTrace {
  onSent(packet: TracedPacket, nowUs: number): void;
  onReceived(packet: TracedPacket, nowUs: number): void;
  onLost(packetNumber: number, nowUs: number): void;
  /** A packet that had been declared lost was acknowledged. */
  onSpuriousLoss(packetNumber: number, nowUs: number): void;
  /** Nothing was acknowledged for a probe timeout. */
  onProbeTimeout(nowUs: number): void;
  onStanding(standing: TracedStanding, nowUs: number): void;
  /** Sending waits for something else now. */
  onHold(hold: SendHold, nowUs: number): void;
  onStall(news: 'stalled' | 'resumed', nowUs: number): void;
  /** It goes on by another path, to this address: the peer is elsewhere now, or this side is. */
  onMoved(address: Address, nowUs: number): void;
  /** For the user it is over. `CloseCode` and the counters as they are then. */
  onEnd(code: number, byPeer: boolean, stats: ConnectionStats, nowUs: number): void;
}

/** Why a datagram was dropped without an answer. */
export type DropReason = 'malformed' | 'damaged' | 'forged' | 'unknownConnection';

/**
 * Hears what an endpoint does, packet by packet. One may serve several endpoints of a thread.
 *
 * Where there is none the cost is one test for each packet.
 */
export interface TransferTrace {
  /** A connection was made; on the responder's side it may be that its opener is never heard again. */
  begin(isOpener: boolean, peer: Address, nowUs: number): ConnectionTrace;
  /** An OPEN, a SCOUT or an OPEN_ACK left. */
  onOpeningSent(type: PacketType, sizeBytes: number, nowUs: number): void;
  onDropped(reason: DropReason, nowUs: number): void;
}
