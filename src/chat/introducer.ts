import { undeliveredReason } from './core/client-texts.ts';
import type { IntroductionPurpose } from './core/protocol.ts';
import type { Answer, ServerLink } from './io/server-link.ts';
import type { PeerTrust } from './peer-trust.ts';
import { safeLine, type SafeText } from '../text/safe-text.ts';
import type { TransferErrorCode } from '../transfer/index.ts';

/** An introduction lives for 60 s: within two minutes there was room, or others took it. */
const RETRY_INTRODUCTION_MS = 2_000;
const MAX_INTRODUCTION_TRIES = 60;
/** Introductions that were declined before anybody asked: the news may overtake the answer. */
export const MAX_EARLY_DECLINES = 256;

export interface IntroducerOptions {
  readonly link: Pick<ServerLink, 'request'>;
  readonly trust: Pick<PeerTrust, 'judge'>;
  readonly warn: (line: SafeText) => void;
  /** Between asking twice for an introduction; 2,000 when absent. */
  readonly retryIntroductionMs?: number;
}

/** Where and with which key to open; or why not, as a clause without its full stop. */
export type Introduced =
  | Extract<Answer, { type: 'introduced' }>['body']
  | { readonly refusal: string; readonly code: TransferErrorCode };

/** Gets introductions to others: from the server, and with a key that is known to be theirs. */
export class Introducer {
  readonly #options: IntroducerOptions;
  /** Each ends a wait for the server. */
  readonly #pauses: Set<() => void> = new Set();
  /** By key id. */
  readonly #watchers: Map<string, () => void> = new Map();
  readonly #earlyDeclines: Set<string> = new Set();
  /** The server has refused one more introduction; it was told. */
  #isFull = false;
  #isAborted = false;

  constructor(options: IntroducerOptions) {
    this.#options = options;
  }

  /**
   * Asks the server until it introduces. It lets only so many introductions live at once, each for
   * a minute: whoever sends hundreds of files waits for room instead of failing.
   */
  async introduce(
    to: string,
    purpose: IntroductionPurpose,
    isCancelled: () => boolean = () => false,
  ): Promise<Introduced> {
    const { link, trust, warn, retryIntroductionMs = RETRY_INTRODUCTION_MS } = this.#options;
    for (let tries = 1; ; tries++) {
      if (this.#isAborted || isCancelled()) return CANCELLED;
      const [answer] = await link.request({ type: 'introduce', body: { to, purpose } });
      // That may have taken a while; what was aborted meanwhile is not begun.
      if (this.#hasBeenAborted()) return CANCELLED;
      if (answer?.type === 'introduced') {
        const verdict = await trust.judge(to, answer.body.key.peerKey);
        if ('reason' in verdict) return { refusal: verdict.reason, code: 'refused' };
        return this.#hasBeenAborted() ? CANCELLED : answer.body;
      }
      if (answer?.type !== 'refused') throw new Error('the server answers out of order');
      const { reason } = answer.body;
      const isFull = reason === 'too-fast' || reason === 'busy';
      if (!isFull || tries === MAX_INTRODUCTION_TRIES) {
        // Whoever is not online, or not to be introduced to, was never connected to.
        return { refusal: undeliveredReason(reason), code: 'unanswered' };
      }
      if (!this.#isFull)
        warn(safeLine`Much is on its way to ${to}: the rest waits for the server.`);
      this.#isFull = true;
      await this.#pause(retryIntroductionMs);
    }
  }

  /** `onDeclined`: the other side says that it does not let this one in; until `unwatch`. */
  watch(keyId: string, onDeclined: () => void): void {
    if (this.#earlyDeclines.delete(keyId)) onDeclined();
    else this.#watchers.set(keyId, onDeclined);
  }

  unwatch(keyId: string): void {
    this.#watchers.delete(keyId);
  }

  /** The server says that the receiver of this introduction declined it. */
  handleDeclined(keyId: string): void {
    const onDeclined = this.#watchers.get(keyId);
    if (onDeclined !== undefined) {
      this.#watchers.delete(keyId);
      onDeclined();
      return;
    }
    this.#earlyDeclines.add(keyId);
    if (this.#earlyDeclines.size <= MAX_EARLY_DECLINES) return;
    const [oldest] = this.#earlyDeclines;
    this.#earlyDeclines.delete(oldest!);
  }

  /** Whoever waits for an introduction, now or later, gets none. */
  abort(): void {
    this.#isAborted = true;
    for (const end of this.#pauses) end();
  }

  /** Ends early when everything is aborted. */
  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#pauses.add(end);
    });
  }

  #hasBeenAborted(): boolean {
    return this.#isAborted;
  }
}

const CANCELLED = { refusal: 'cancelled', code: 'cancelled' } as const;

/** Why something was not delivered to `peer`, who has declined. */
export function declinedReason(peer: string, self: string): string {
  return `${peer} knows you by another identity key and refuses this one; ask ${peer} to type TRUST ${self}`;
}
