import type { PeerLink } from '../peer-link.ts';
import type { ProgressMeter } from '../progress-meter.ts';
import type { StallReason } from '../transfer.ts';

/** Why nothing goes on for a receiver, if that is so for long. `isBusy`: its disk has all, or has no room for more. */
export function receiverStall(
  meter: ProgressMeter,
  { connection }: PeerLink,
  isBusy: boolean,
): StallReason | undefined {
  if (!meter.isStalled(connection.stats.probeTimeoutUs)) return undefined;
  if (meter.isSilent) return 'no-answer';
  return isBusy ? 'receiver' : 'sender';
}
