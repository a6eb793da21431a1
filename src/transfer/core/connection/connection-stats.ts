import type { Path } from '../path/path.ts';
import type { Receiver } from './receiver.ts';
import type { Sender } from './sender.ts';

/** The fields of the transport's `ConnectionStats`. */
export interface ConnectionStatsFields {
  readonly packetsSentCount: number;
  readonly packetsLostCount: number;
  readonly packetsSpuriouslyLostCount: number;
  readonly bytesRetransmittedCount: number;
  readonly packetsReceivedCount: number;
  readonly packetsReceivedTwiceCount: number;
  readonly smoothedRttUs: number;
  readonly probeTimeoutUs: number;
  readonly minRttUs: number;
  readonly bytesInFlight: number;
  readonly windowBytes: number;
  readonly pacingBytesPerSec: number;
  readonly datagramBytes: number;
  readonly controllerState: string | undefined;
}

export function connectionStats(
  path: Path,
  sender: Sender,
  receiver: Receiver,
  packetsSentCount: number,
): ConnectionStatsFields {
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
  };
}
