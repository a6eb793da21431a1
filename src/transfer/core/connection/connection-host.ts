import type { Address } from '../path/path-member.ts';
import type { Path } from '../path/path.ts';
import type { Connection } from './connection.ts';
import type { TransferTrace } from './connection-trace.ts';
import type { CreditLedger } from './credit-ledger.ts';
import type { Deadlines } from './deadlines.ts';
import type { SegmentPool } from './receiving/segment-pool.ts';

/** What became of a datagram that was addressed to a connection. */
export type DatagramVerdict = 'taken' | 'malformed' | 'damaged' | 'forged';

/** News of a connection; the endpoint gives them their public form. */
export type ConnectionNews = 'opened' | 'readable' | 'writable' | 'sent' | 'stalled' | 'resumed';

/** What the connections of one endpoint share, and whom they tell. */
export interface ConnectionHost {
  /** Time of the last input. */
  readonly nowUs: number;
  readonly ledger: CreditLedger;
  readonly pool: SegmentPool;
  readonly deadlines: Deadlines<Connection>;
  /** What each connection's peer may have standing in our kernel buffer. */
  readonly socketShareBytes: number;
  readonly idleTimeoutUs: number;
  readonly random: () => number;
  /** Hears what each connection does. */
  readonly trace: TransferTrace | undefined;
  /** The path to this address: what its other connections have learned, or a new one. */
  pathTo(address: Address): Path;
  /** The connection has something to send that the window does not bound. */
  wantsControl(connection: Connection): void;
  onNews(connection: Connection, news: ConnectionNews): void;
  /** For the user it is over; it may linger. */
  onClosed(connection: Connection, code: number, reason: string, byPeer: boolean): void;
  /** The linger is over: nothing is left to send or answer. */
  onGone(connection: Connection): void;
}
