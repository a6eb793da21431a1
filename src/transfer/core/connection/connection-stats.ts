import type { Path } from '../path/path.ts';
import type { HoldClock } from './hold-clock.ts';
import type { Receiver } from './receiving/receiver.ts';
import type { Sender } from './sending/sender.ts';

/** Counters of one connection, all since its start. */
export interface ConnectionStats {
  readonly packetsSentCount: number;
  readonly packetsLostCount: number;
  readonly packetsSpuriouslyLostCount: number;
  readonly bytesRetransmittedCount: number;
  readonly packetsReceivedCount: number;
  readonly packetsReceivedTwiceCount: number;
  readonly smoothedRttUs: number;
  /** Without backoff. */
  readonly probeTimeoutUs: number;
  readonly minRttUs: number;
  readonly bytesInFlight: number;
  readonly windowBytes: number;
  readonly pacingBytesPerSec: number;
  readonly datagramBytes: number;
  /** What the path's controller does now, in its own words; undefined where it has no states. */
  readonly controllerState: string | undefined;
  /** What held sending back, and for how long. */
  readonly held: HeldTimes;
}

/** What a connection's sending waits for: bytes to send, the peer's credit, or its path. */
export type SendHold = 'source' | 'credit' | 'path';

/** For how long sending was held back, and by what, since the start. */
export interface HeldTimes {
  readonly sourceUs: number;
  readonly creditUs: number;
  readonly pathUs: number;
  /** Of the path: what held back whoever had something to send there. */
  readonly pathNetworkUs: number;
  readonly pathRateUs: number;
  /** What holds sending back now; of the path, what would. */
  readonly now: 'source' | 'credit' | 'network' | 'rate';
}

export function connectionStats(
  path: Path,
  sender: Sender,
  receiver: Receiver,
  packetsSentCount: number,
  holds: HoldClock,
  nowUs: number,
): ConnectionStats {
  return {
    packetsSentCount,
    packetsLostCount: sender.packetsLostCount,
    packetsSpuriouslyLostCount: sender.packetsSpuriouslyLostCount,
    bytesRetransmittedCount: sender.stream.retransmittedBytes,
    packetsReceivedCount: receiver.receivedCount,
    packetsReceivedTwiceCount: receiver.duplicateCount,
    smoothedRttUs: path.rtt.smoothedUs,
    probeTimeoutUs: sender.probeTimeoutUs,
    minRttUs: path.rtt.minUs,
    bytesInFlight: sender.bytesInFlight,
    windowBytes: path.windowBytes,
    pacingBytesPerSec: path.pacingBytesPerSec,
    datagramBytes: path.datagramBytes,
    controllerState: path.controller.state,
    held: {
      sourceUs: holds.spentUs('source', nowUs),
      creditUs: holds.spentUs('credit', nowUs),
      pathUs: holds.spentUs('path', nowUs),
      pathNetworkUs: path.heldUs('network', nowUs),
      pathRateUs: path.heldUs('rate', nowUs),
      now: holds.state === 'path' ? pathHold(path) : holds.state,
    },
  };
}

function pathHold(path: Path): 'network' | 'rate' {
  return path.isRateLimited ? 'rate' : 'network';
}
