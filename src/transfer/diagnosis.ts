/**
 * What `upd doctor` and `upd bench` ask of the engine: what the system grants it here, who answers there, and
 * how what is sent there is led elsewhere. Beside the public API, because it may change with the engine.
 */
export { askForBuffers, grantedBuffers } from './io/udp/udp-buffers.ts';
export type { GrantedBuffers } from './io/udp/udp-buffers.ts';
export { KEPT_FREE_SHARE } from './files/receiving/receive-policy.ts';
export { BASE_DATAGRAM_BYTES } from './core/path/path.ts';
export { MIN_OPEN_BYTES as OPEN_BYTES, SCOUT_BYTES } from './core/index.ts';
export { readInterfaceMtu } from './io/udp/interface-mtu.ts';
export {
  PING_COUNT,
  PROBE_OPEN_MS,
  probeIntroduced,
  probeTicket,
} from './io/ticket/ticket-probe.ts';
export type { AddressProbe, ProbeAnswer } from './io/ticket/ticket-probe.ts';
export type { SocketAddress } from './files/transfer.ts';
export { readTicket } from './io/ticket/send-target.ts';
export { reroutedTicket } from './io/ticket/ticket-text.ts';
export { workerEntryUrl } from './io/worker-entry.ts';
