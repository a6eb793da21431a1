import type { OfferWriter } from './offer-writer.ts';
import type { PeerLink } from '../peer-link.ts';
import type { ProgressMeter } from '../progress-meter.ts';
import type { SendingOffer } from './sending-offer.ts';
import type { StallReason } from '../transfer.ts';

export interface SenderStanding {
  readonly meter: ProgressMeter;
  readonly link: PeerLink;
  readonly writer: OfferWriter | undefined;
  readonly offer: SendingOffer | undefined;
}

/** Why nothing goes on for a sender, if that is so for long. */
export function senderStall(standing: SenderStanding): StallReason | undefined {
  const { meter, link, writer, offer } = standing;
  const { stats, acknowledgedBytes, writeRoomBytes } = link.connection;
  if (!meter.isStalled(stats.probeTimeoutUs)) return undefined;
  if (meter.isSilent) return 'no-answer';
  if (writer?.isAccepted === false) return 'not-accepted';
  if (acknowledgedBytes < link.writer.writtenBytes && stats.bytesInFlight > 0) return 'no-answer';
  return offer?.isFinished === true || writeRoomBytes === 0 ? 'receiver' : 'sender';
}
