/**
 * What a transfer was limited by:
 *
 * - `receiver-disk`, `sender-disk`: the other parts waited for it
 * - `network-rate`: the path's controller held packets back; `loss` if it also lost `LOSS_SHARE` of them
 * - `rate`, `window`: the sender's own `--rate` or `--window`
 * - `receiver-window`: the receiver's credit, though its disk had room
 * - `round-trip`: all that there was had left, and only time passed
 * - `sender-cpu`, `receiver-cpu`: that side's engine had hardly any time left
 */
export const limitCauses = [
  'receiver-disk',
  'receiver-window',
  'sender-disk',
  'rate',
  'network-rate',
  'round-trip',
  'loss',
  'window',
  'sender-cpu',
  'receiver-cpu',
] as const;
/** One of `limitCauses`. */
export type LimitCause = (typeof limitCauses)[number];

/** What limited a transfer, and how much that was. */
export interface TransferLimit {
  /** An engine that had no time left, or else what held it back the longest. */
  readonly cause: LimitCause;
  /**
   * Bytes of content a second; of `rate` the limit itself; of `window` packets; of `loss` and CPU a share in
   * 1/1000; of `round-trip` microseconds.
   */
  readonly value: number;
}

/** `SenderTimes.tail`: nothing, all had left; its credit; the path's controller; the rate limit. */
export const tailCauses = ['source', 'credit', 'network', 'rate'] as const;

/** From this share of lost packets on, a network that limits is called lossy. */
export const LOSS_SHARE = 0.02;
/** An engine that is at work for this part of the time is the limit, whatever waits meanwhile. */
export const BUSY_SHARE = 0.9;

/** The sender's part: while content was there to be sent, what held it back. */
export interface SenderTimes {
  readonly sourceUs: number;
  readonly creditUs: number;
  readonly networkUs: number;
  readonly rateUs: number;
  /** What still held back the end of the content when this was said: an index into `tailCauses`. */
  readonly tail: number;
  /** 0 without a limit. */
  readonly rateLimitBytesPerSec: number;
  /** 0 without a fixed window. */
  readonly windowPackets: number;
  readonly packetsSentCount: number;
  readonly packetsLostCount: number;
  readonly smoothedRttUs: number;
  /** Its engine was at work for so long. */
  readonly busyUs: number;
}

/** The receiver's part. */
export interface ReceiverTimes {
  /** From the acceptance until all content was here, without pauses. */
  readonly contentUs: number;
  /** Of it: the disk had no room, so nothing was read from the network. */
  readonly diskUs: number;
  /** From then until all was verified and durable. */
  readonly settleUs: number;
  readonly contentBytes: number;
  /** Its engine was at work for so long of `contentUs`. */
  readonly busyUs: number;
}

/**
 * The one rule: every moment of a transfer belongs to one cause, and the longest wins. A sender is at any
 * time without bytes to send, without credit, held by its path, or all is on its way, which takes a round
 * trip at least. Missing credit is the disk's doing if the disk had no room for at least half as long, and a
 * network that limits is called loss if it lost 2 % of the packets. An engine that was busy for 90 % of the
 * time comes before all.
 */
export function limitOf(sender: SenderTimes, receiver: ReceiverTimes): TransferLimit {
  const { sourceUs, smoothedRttUs } = sender;
  const { contentUs, diskUs, settleUs, contentBytes } = receiver;
  const bytesPerSec = Math.round((contentBytes * 1e6) / Math.max(1, contentUs + settleUs));
  // A small file leaves the sender's hands long before it has arrived: its work then is a part of that.
  const senderBusy = permille(sender.busyUs, contentUs);
  const receiverBusy = permille(receiver.busyUs, contentUs);
  if (senderBusy >= BUSY_SHARE * 1_000) return { cause: 'sender-cpu', value: senderBusy };
  if (receiverBusy >= BUSY_SHARE * 1_000) return { cause: 'receiver-cpu', value: receiverBusy };
  const toldUs = sourceUs + sender.creditUs + sender.networkUs + sender.rateUs;
  const restUs = Math.max(0, contentUs - toldUs);
  // The end of the content left after the sender had said all this.
  const tailCause = tailCauses[sender.tail] ?? 'source';
  const tailUs = (cause: (typeof tailCauses)[number]): number =>
    cause === tailCause ? Math.max(0, restUs - smoothedRttUs) : 0;
  const creditUs = sender.creditUs + tailUs('credit');
  const isCreditDisks = diskUs >= creditUs / 2;
  const spans: readonly (readonly [LimitCause, number])[] = [
    ['receiver-disk', settleUs + (isCreditDisks ? creditUs : 0)],
    ['receiver-window', isCreditDisks ? 0 : creditUs],
    ['sender-disk', sourceUs],
    ['rate', sender.rateUs + tailUs('rate')],
    ['network-rate', sender.networkUs + tailUs('network')],
    ['round-trip', smoothedRttUs + tailUs('source')],
  ];
  const [cause] = spans.reduce((longest, span) => (span[1] > longest[1] ? span : longest));
  if (cause === 'round-trip') return { cause, value: smoothedRttUs };
  if (cause === 'rate') return { cause, value: sender.rateLimitBytesPerSec };
  if (cause !== 'network-rate') return { cause, value: bytesPerSec };
  if (sender.windowPackets > 0) return { cause: 'window', value: sender.windowPackets };
  const lossShare = sender.packetsLostCount / Math.max(1, sender.packetsSentCount);
  if (lossShare >= LOSS_SHARE) return { cause: 'loss', value: Math.round(lossShare * 1_000) };
  return { cause, value: bytesPerSec };
}

function permille(partUs: number, wholeUs: number): number {
  return wholeUs <= 0 ? 0 : Math.min(1_000, Math.round((partUs * 1_000) / wholeUs));
}
