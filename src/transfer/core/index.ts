export { audit } from './audit.ts';
export type { Connection } from './connection/connection.ts';
export type {
  ConnectionTrace,
  DropReason,
  TracedPacket,
  TracedStanding,
  TransferTrace,
} from './connection/connection-trace.ts';
export type { SendHold } from './connection/connection-stats.ts';
export { CreditLedger } from './connection/credit-ledger.ts';
export { Endpoint } from './endpoint.ts';
export type { EndpointConfig } from './endpoint-config.ts';
export type { EndpointCounters } from './endpoint-counters.ts';
export { PROTOCOL_VERSIONS } from './handshake-host.ts';
export type { OpenOptions } from './openings.ts';
export type { OpeningNotes, OpeningSeen, OpeningSent } from './opening-notes.ts';
export { plainIntroduction } from './introduction.ts';
export type {
  OpenerHandshake,
  PacketCheck,
  PacketSession,
  ResponderHandshake,
  TransportIntroduction,
} from './introduction.ts';
export { MAX_TICKETS } from './expectations.ts';
export { crc32 } from './wire/checksum.ts';
export { crcCheck } from './wire/packet-check.ts';
export type { CheckVerdict } from './wire/packet-check.ts';
export { plainSession } from './wire/packet-session.ts';
export type { CloseSeal } from './wire/packet-session.ts';
export { ReplayedConnection } from './connection/replayed-connection.ts';
export type { ReplayedPacket } from './connection/replayed-connection.ts';
export { DecodedAck } from './wire/codec.ts';
export {
  COMMON_HEADER_BYTES,
  MAX_ACK_RANGES,
  MIN_OPEN_BYTES,
  SCOUT_BYTES,
  PacketFlag,
  PacketType,
} from './wire/packet.ts';
export type { Path } from './path/path.ts';
export { PathTable } from './path/path-table.ts';
export { StateClock } from './recovery/state-clock.ts';
export { controllerNames } from './path/path-table.ts';
export type { ControllerName } from './path/path-table.ts';
export { CloseCode } from './transport.ts';
export type {
  CloseReason,
  ConnectionStats,
  HeldTimes,
  PeerAddress,
  Transmit,
  Transport,
  TransportConnection,
  TransportEvent,
} from './transport.ts';
