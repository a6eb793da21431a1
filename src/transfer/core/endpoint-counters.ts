/** Datagrams of an endpoint since its start, by what became of them. Only counted, never answered. */
export interface EndpointCounters {
  received: number;
  /** Too short, an unknown type or outer version, fields that do not fit together. */
  malformed: number;
  /** The checksum does not match: damaged on the way. */
  damaged: number;
  /** Whole, but not from the peer. */
  forged: number;
  /** For an id that no connection has. */
  unknownConnection: number;
  /** OPENs and SCOUTs that no live introduction covers. */
  strangers: number;
  /**
   * OPENs that find no room now and will later, as others of their ticket are half open or others'
   * credit has been used up: they come again.
   */
  deferred: number;
  /** Handshake answers that were not sent because too many waited. */
  outboxFull: number;
}

export function newCounters(): EndpointCounters {
  return {
    received: 0,
    malformed: 0,
    damaged: 0,
    forged: 0,
    unknownConnection: 0,
    strangers: 0,
    deferred: 0,
    outboxFull: 0,
  };
}
