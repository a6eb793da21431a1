import type { Path } from '../path/path.ts';
import type { PacketSession } from '../wire/packet-session.ts';
import type { CreditAccount } from './credit-ledger.ts';

/** What a handshake has settled. */
export interface ConnectionOptions {
  readonly handle: number;
  readonly keyId: string;
  readonly isOpener: boolean;
  readonly path: Path;
  /** By which we are addressed, and the peer. */
  readonly localConnectionId: number;
  readonly peerConnectionId: number;
  readonly session: PacketSession;
  readonly firstPacketNumber: number;
  readonly peerFirstPacketNumber: number;
  /** What the peer grants our stream at the opening. */
  readonly peerCreditBytes: number;
  readonly peerSocketShareBytes: number;
  /** What we grant the peer's stream. */
  readonly account: CreditAccount;
  readonly nowUs: number;
}
