/**
 * How events travel from the engine to whoever writes them: as runs of numbers in a chunk of 64-bit floats,
 * so that an event costs the engine a few stores and no garbage.
 *
 * ```
 *  0        1      2       3        4
 *  | words  | kind | group | timeUs | fields …
 * ```
 *
 * `words` counts itself; `group` is the connection, 0 for what belongs to none. Text is its length and
 * then one UTF-16 unit a word.
 */
export const CHUNK_WORDS = 8_192;
export const RECORD_HEADER_WORDS = 4;

export const RecordKind = {
  /** isOpener · port · address. */
  begin: 1,
  /** type · flags · number · sizeBytes · offset · payloadBytes, then the fields of an ACK or a MARK. */
  sent: 2,
  received: 3,
  /** packet number. */
  lost: 4,
  spuriousLoss: 5,
  probeTimeout: 6,
  /** The numbers of `TracedStanding` in `STANDING_WORDS`, then the controller's state. */
  standing: 7,
  /** Index into `holdNames`. */
  hold: 8,
  /** 1: stalled, 0: resumed. */
  stall: 9,
  /** port · address. */
  moved: 10,
  /** code · byPeer · the counters of `END_COUNTERS`. */
  end: 11,
  /** type · sizeBytes. */
  openingSent: 12,
  /** A count for each of `dropReasons`. */
  dropped: 13,
  /** How many events had no room. */
  missing: 14,
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

export const holdNames = ['source', 'credit', 'path'] as const;
export const dropReasons = ['malformed', 'damaged', 'forged', 'unknownConnection'] as const;

/** type · flags · number · sizeBytes · offset · payloadBytes. */
export const PACKET_WORDS = 6;
/** ackDelayUs · receivedAtUs · creditOffset · receivedCount · socketShareBytes · rangeCount, then start · end each. */
export const ACK_WORDS = 6;
/** una · ackEvery · reorderThreshold · maxAckDelayUs · markSeq. */
export const MARK_WORDS = 5;
/** From `latestRttUs` to `creditBytes` without the state. */
export const STANDING_WORDS = 10;

/** The counters of a connection that its end tells, in this order, by their names in a trace. */
export const endCounters = [
  ['packetsSentCount', 'packets_sent'],
  ['packetsLostCount', 'packets_lost'],
  ['packetsSpuriouslyLostCount', 'packets_spuriously_lost'],
  ['bytesRetransmittedCount', 'bytes_retransmitted'],
  ['packetsReceivedCount', 'packets_received'],
  ['packetsReceivedTwiceCount', 'packets_received_twice'],
] as const;
