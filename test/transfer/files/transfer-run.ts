import { ContentMemory } from '../../../src/transfer/files/content-memory.ts';
import type { ConflictPolicy, Inbox, SourceDisk } from '../../../src/transfer/files/disk.ts';
import {
  createReceivePolicy,
  type ReceivePolicy,
} from '../../../src/transfer/files/receiving/receive-policy.ts';
import { EarlierTries } from '../../../src/transfer/files/receiving/earlier-tries.ts';
import { ReceivingTransfer } from '../../../src/transfer/files/receiving/receiving-transfer.ts';
import { SendingTransfer } from '../../../src/transfer/files/sending/sending-transfer.ts';
import type { NamePlatform } from '../../../src/transfer/files/stored-name.ts';
import { TransferError } from '../../../src/transfer/files/transfer-error.ts';
import type { TransferResult, TransferState } from '../../../src/transfer/files/transfer.ts';
import { MemoryPair, type PairOptions } from './memory-pair.ts';

export interface RunOptions {
  readonly source: SourceDisk;
  readonly inbox: Inbox | undefined;
  readonly path?: string;
  readonly policy?: ReceivePolicy;
  /** Of the receiver; default posix. */
  readonly platform?: NamePlatform;
  readonly pair?: PairOptions;
  readonly paths?: readonly string[];
  readonly conflict?: ConflictPolicy;
  /** Entries of an offer, at most. */
  readonly offerEntries?: number;
  /** Shared with the other transfers of the same endpoint; default each side has its own. */
  readonly memory?: { readonly sender: ContentMemory; readonly receiver: ContentMemory };
  /** With the other receives of the same endpoint; default alone. */
  readonly earlierTries?: EarlierTries;
  /**
   * How long either side waits for what does not go on. Absent: long, and a full disk is not waited for.
   */
  readonly giveUpMs?: number;
  /** A real disk may take any time to answer: only the test's own time limit ends the run. */
  readonly isOnDisk?: boolean;
}

/** Longer than any run takes. */
const LONG_MS = 300_000;
/** Steps without any news after which a run in memory counts as stuck. */
const MAX_IDLE_STEPS = 20_000;

/** Of a receive that is alone: nobody is waited for. */
const unasked = { nowUs: () => 0, after: () => undefined, wake: () => undefined };

/** One transfer between two parts in memory, step by step. */
export class TransferRun {
  readonly pair: MemoryPair;
  readonly sender: SendingTransfer;
  readonly receiver: ReceivingTransfer;
  nowUs = 1_000_000;
  acceptedCount = 0;
  /** The state of the receiving side each time it told of an offer. */
  readonly offeredStates: TransferState[] = [];
  wakeCount = 0;
  readonly #maxIdleSteps: number;
  readonly #isOnDisk: boolean;
  readonly #inbox: Inbox | undefined;
  readonly #timers = new StepTimers();

  constructor(options: RunOptions) {
    this.pair = new MemoryPair(options.pair);
    this.#inbox = options.inbox;
    this.#isOnDisk = options.isOnDisk === true;
    this.#maxIdleSteps = this.#isOnDisk ? Infinity : MAX_IDLE_STEPS;
    const after = (delayMs: number, action: () => void): (() => void) =>
      this.#timers.after(delayMs, action);
    const shared = {
      nowUs: () => this.nowUs,
      wake: () => {
        this.wakeCount++;
      },
    };
    this.sender = new SendingTransfer({
      ...shared,
      id: 1,
      peer: 'jess',
      paths: options.paths ?? [options.path ?? '/home/derek/movie.mp4'],
      disk: options.source,
      memory: options.memory?.sender ?? new ContentMemory(),
      giveUpMs: options.giveUpMs ?? LONG_MS,
      after,
      ...(options.offerEntries !== undefined && { offerEntries: options.offerEntries }),
    });
    const { platform = 'posix' } = options;
    const earlierTries = options.earlierTries ?? new EarlierTries(unasked);
    this.receiver = new ReceivingTransfer({
      ...shared,
      id: 2,
      peer: 'derek',
      connection: this.pair.responder,
      inbox: options.inbox,
      memory: options.memory?.receiver ?? new ContentMemory(),
      policy: options.policy ?? createReceivePolicy({ platform }),
      conflict: options.conflict ?? 'rename',
      platform,
      giveUpMs: options.giveUpMs ?? 0,
      after,
      earlierTries,
      onOffered: ({ state }) => {
        if (state === 'running') this.acceptedCount++;
        this.offeredStates.push(state);
      },
    });
    earlierTries.add(this.receiver);
  }

  /** Time passes without a step; with a real disk only that of timers, so that no disk is too slow. */
  passMs(ms: number): void {
    if (!this.#isOnDisk) this.nowUs += ms * 1_000;
    this.#timers.passUs(ms * 1_000);
  }

  /** Opens the source, then the connection. */
  async start(): Promise<void> {
    if (!(await this.sender.prepare())) return;
    this.sender.onOpening(this.pair.opener);
    this.sender.onOpened(this.pair.opener);
  }

  /** One flight each way, then whatever promises wait. */
  async step(): Promise<boolean> {
    // Of a real disk nobody knows how many turns it takes: it is never too slow.
    if (!this.#isOnDisk) this.passMs(1);
    const hasMoved = this.pair.step(this.sender, this.receiver);
    await new Promise((resolve) => setImmediate(resolve));
    return hasMoved;
  }

  /** Steps until `isReached`, or until nothing has happened for long. */
  async runUntil(isReached: () => boolean): Promise<void> {
    let idleSteps = 0;
    while (!isReached()) {
      const wakeCount = this.wakeCount;
      idleSteps = (await this.step()) || this.wakeCount > wakeCount ? 0 : idleSteps + 1;
      if (idleSteps > this.#maxIdleSteps) throw new Error('the run is stuck');
    }
  }

  /** Runs to the end of both sides; `look` is called before each step. */
  async finish(
    look: () => void = () => undefined,
  ): Promise<{ sent: TransferEnd; received: TransferEnd }> {
    let sent: TransferEnd | undefined;
    let received: TransferEnd | undefined;
    void endOf(this.sender.done).then((end) => (sent = end));
    void endOf(this.receiver.done).then((end) => (received = end));
    await this.runUntil(() => {
      look();
      return sent !== undefined && received !== undefined;
    });
    // The receiver hears how the sender closed, and tidies.
    await this.step();
    await this.#inbox?.settled();
    return { sent: sent!, received: received! };
  }
}

/** How a transfer ended: its result, or the code and text of its error. */
export type TransferEnd = TransferResult | { readonly code: string; readonly text: string };

export async function endOf(done: Promise<TransferResult>): Promise<TransferEnd> {
  try {
    return await done;
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    return { code: error.code, text: error.message };
  }
}

/** Timers that a run turns by hand. */
class StepTimers {
  readonly #waiting: Set<{ leftUs: number; readonly action: () => void }> = new Set();

  after(delayMs: number, action: () => void): () => void {
    const timer = { leftUs: delayMs * 1_000, action };
    this.#waiting.add(timer);
    return () => this.#waiting.delete(timer);
  }

  passUs(durationUs: number): void {
    for (const timer of [...this.#waiting]) {
      timer.leftUs -= durationUs;
      if (timer.leftUs > 0) continue;
      this.#waiting.delete(timer);
      timer.action();
    }
  }
}
