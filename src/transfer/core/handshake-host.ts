import type { Connection } from './connection/connection.ts';
import type { ConnectionOptions } from './connection/connection-options.ts';
import { type CreditLedger, OPENING_CREDIT_BYTES } from './connection/credit-ledger.ts';
import type { EndpointCounters } from './endpoint-counters.ts';
import type { Path } from './path/path.ts';
import type { CloseCode, PeerAddress } from './transport.ts';
import type { OpenAckParameters } from './wire/open-parameters.ts';

/** Versions of the protocol that this side speaks, the best first. */
export const PROTOCOL_VERSIONS: readonly number[] = [1];
/** What the handshakes need of their endpoint. */
export interface HandshakeHost {
  readonly nowUs: number;
  readonly counters: EndpointCounters;
  readonly ledger: CreditLedger;
  readonly socketShareBytes: number;
  /** Largest datagram that this side takes. */
  readonly maxReceivedDatagramBytes: number;
  /** Whether one more connection may be opened. */
  readonly hasRoom: boolean;
  /** Datagrams that `send` takes now. */
  readonly outboxRoom: number;
  drawConnectionId(): number;
  drawFirstPacketNumber(): number;
  pathTo(address: PeerAddress): Path;
  connect(options: ConnectionOptions): Connection;
  send(datagram: Uint8Array, to: PeerAddress): void;
  onOpened(connection: Connection): void;
  onUnopened(handle: number, code: CloseCode, reason: string, byPeer: boolean): void;
}

/** What this side tells of a connection in either message of its handshake. */
export function handshakeLimits(
  host: HandshakeHost,
  connectionId: number,
  firstPacketNumber: number,
): Omit<OpenAckParameters, 'version'> {
  return {
    connectionId,
    firstPacketNumber,
    creditBytes: OPENING_CREDIT_BYTES,
    socketShareBytes: host.socketShareBytes,
    maxDatagramBytes: host.maxReceivedDatagramBytes,
  };
}

/** A handshake's round trip starts an RTT that knows nothing; DATA's samples replace it. */
export function learnRoundTrip(path: Path, roundTripUs: number | undefined, nowUs: number): void {
  if (roundTripUs === undefined || path.rtt.hasSample) return;
  path.rtt.onSample(roundTripUs, 0, 0, nowUs);
}
