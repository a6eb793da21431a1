import type { TransportConnection } from '../../core/transport.ts';
import type { ContentMemory } from '../content-memory.ts';
import type { ConflictPolicy, Inbox } from '../disk.ts';
import type { EarlierTries } from './earlier-tries.ts';
import type { ReceivePolicy } from './receive-policy.ts';
import type { NamePlatform } from '../stored-name.ts';
import type { EngineTransfer } from '../transfer.ts';

/** What a `ReceivingTransfer` needs from its endpoint. */
export interface ReceivingOptions {
  readonly id: number;
  readonly peer: string;
  /** Already open. */
  readonly connection: TransportConnection;
  /** Undefined: every offer is refused. */
  readonly inbox: Inbox | undefined;
  /** For content, shared by the transfers of the endpoint. */
  readonly memory: ContentMemory;
  readonly policy: ReceivePolicy;
  readonly conflict: ConflictPolicy;
  readonly platform: NamePlatform;
  /** How long a full disk is waited for, and anything else that does not go on. */
  readonly giveUpMs: number;
  /** Microseconds that the engine has been at work, from any beginning; for telling what limits. */
  readonly busyUs?: () => number;
  /** A monotonic clock, microseconds; the one of `stalled` events. */
  readonly nowUs: () => number;
  /** Runs `action` later; the function that it gives takes that back. */
  readonly after: (delayMs: number, action: () => void) => () => void;
  /** Called after this transfer used its connection by itself: the driver then drains it. */
  readonly wake: () => void;
  /** The receives of this endpoint, this one included. */
  readonly earlierTries: EarlierTries;
  /**
   * The first offer was accepted, waits for room on the disk, or was refused; called at most once, before
   * its content is read.
   */
  readonly onOffered: (transfer: EngineTransfer) => void;
}
