import type { TransferTrace } from './connection/connection-trace.ts';
import type { CreditLedger } from './connection/credit-ledger.ts';
import type { ControllerName, DriverTimers } from './path/path-table.ts';

/** How an endpoint is made. */
export interface EndpointConfig {
  /** Uniform in [0, 1): ids, first packet numbers, skipped numbers. */
  readonly random: () => number;
  readonly controller: ControllerName;
  /** Only `fixed`. Default 32. */
  readonly windowPackets?: number;
  /** UDP payload of the datagrams sent, until a path is known to carry larger ones; default 1200. */
  readonly datagramBytes?: number;
  /** How the driver waits; coarser ticks mean larger bursts. Default: called back at any microsecond. */
  readonly timers?: DriverTimers;
  /** MTU discovery goes up to this; default `datagramBytes`, which is never left then. */
  readonly maxDatagramBytes?: number;
  /** At most this leaves for one peer, UDP payload; default no limit. */
  readonly maxBytesPerSec?: number | undefined;
  /** A connection ends after this long without a checked packet. Default 300 s. */
  readonly idleTimeoutUs?: number;
  /** An opening fails after this long without an answer. Default 60 s. */
  readonly openTimeoutUs?: number;
  /** Receive buffer that the kernel granted this socket. Default: a stock Linux kernel's. */
  readonly receiveBufferBytes?: number;
  /** Memory for received bytes, shared by all connections. Default 128 MiB. */
  readonly creditPoolBytes?: number;
  /** That memory, where the endpoints of several sockets share it; also what waits to be sent is. */
  readonly ledger?: CreditLedger;
  /** Bytes of tag in OPEN and OPEN_ACK; 0 (default) without keys. */
  readonly tagBytes?: number;
  /** Hears what the connections do, packet by packet. */
  readonly trace?: TransferTrace | undefined;
  /** First packet number of every connection, for tests; default random. */
  readonly firstPacketNumber?: number;
}
