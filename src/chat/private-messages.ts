import { declinedReason, type Introducer } from './introducer.ts';
import type { OpeningComparer, WatchedOpening } from './opening-comparer.ts';
import { asError, failureClause } from '../report/transfer-failure.ts';
import { reachLines } from '../reach/reach-finding.ts';
import { safeLine, type SafeText } from '../text/safe-text.ts';
import type { Tone } from '../text/tone.ts';
import type { DirectMessage, SentMessage, TransferEndpoint } from '../transfer/index.ts';

/** Private messages that may be on their way; one more is refused. */
export const MAX_WAITING_MESSAGES = 50;

export interface PrivateMessagesOptions {
  /** Who has logged in. */
  readonly self: string;
  readonly introducer: Pick<Introducer, 'introduce' | 'watch' | 'unwatch'>;
  /** Says why nobody answers, while it is tried. */
  readonly comparer: Pick<OpeningComparer, 'watch'>;
  readonly endpoint: Pick<TransferEndpoint, 'sendMessage'>;
  /** After how long without an answer the endpoint gives a message up. */
  readonly giveUpMs: number;
  readonly print: (line: SafeText, tone?: Tone) => void;
  /** Why one was not delivered, and what to do about it. */
  readonly warn: (line: SafeText) => void;
}

/** What `DM` does: those to one user in their order, to different users at once. */
export class PrivateMessages {
  readonly #options: PrivateMessagesOptions;
  readonly #running: Set<SentMessage> = new Set();
  /** By user: the end of the message that was asked for last. */
  readonly #lasts: Map<string, Promise<void>> = new Map();
  #count = 0;
  #isAborted = false;

  constructor(options: PrivateMessagesOptions) {
    this.#options = options;
  }

  /** On their way. */
  get count(): number {
    return this.#count;
  }

  /** Says later what became of it. */
  send(user: string, text: string): void {
    if (this.#count >= MAX_WAITING_MESSAGES) {
      this.#refuse(user, `${MAX_WAITING_MESSAGES} messages are on their way already`);
      return;
    }
    this.#count += 1;
    const before = this.#lasts.get(user) ?? Promise.resolve();
    const over = before.then(async () => {
      await this.#deliver(user, text);
      this.#count -= 1;
      if (this.#lasts.get(user) === over) this.#lasts.delete(user);
    });
    this.#lasts.set(user, over);
  }

  /** Resolves when none is on its way. */
  async idle(): Promise<void> {
    while (this.#lasts.size > 0) await Promise.all(this.#lasts.values());
  }

  /** Cancels what is on its way; each still gets its line. */
  abort(): void {
    this.#isAborted = true;
    for (const message of this.#running) message.cancel();
  }

  async #deliver(user: string, text: string): Promise<void> {
    const { self, introducer, comparer, endpoint, giveUpMs, print, warn } = this.#options;
    let message: SentMessage | undefined;
    let keyId: string | undefined;
    let watched: WatchedOpening | undefined;
    const answer = { isDeclined: false };
    try {
      if (this.#isAborted) {
        this.#refuse(user, 'cancelled');
        return;
      }
      const introduced = await introducer.introduce(user, 'message');
      if ('refusal' in introduced) {
        this.#refuse(user, introduced.refusal);
        return;
      }
      const { key: introduction, addresses } = introduced;
      const sent = endpoint.sendMessage({ introduction, addresses, text });
      message = sent;
      this.#running.add(sent);
      keyId = introduction.keyId;
      watched = comparer.watch(introduced);
      introducer.watch(keyId, () => {
        answer.isDeclined = true;
        sent.cancel();
      });
      await sent.done;
      print(safeLine`Message delivered to ${user}.`, 'good');
    } catch (error) {
      const failure = asError(error);
      this.#refuse(
        user,
        answer.isDeclined ? declinedReason(user, self) : failureClause(failure, user, giveUpMs),
      );
      if (failure.code === 'unanswered') {
        for (const line of (watched?.findings() ?? []).flatMap(reachLines)) warn(line);
      }
    } finally {
      if (message !== undefined) this.#running.delete(message);
      if (keyId !== undefined) introducer.unwatch(keyId);
      watched?.end();
    }
  }

  #refuse(user: string, reason: string): void {
    const line = safeLine`Message to ${user} could not be delivered: ${reason}.`;
    this.#options.print(line, 'bad');
  }
}

/** `derek (private): "text"` */
export function privateMessageLine({ from, text }: DirectMessage): SafeText {
  return safeLine`${from} (private): "${text}"`;
}
