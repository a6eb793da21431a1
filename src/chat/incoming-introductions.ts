import type { News, ServerLink } from './io/server-link.ts';
import type { PeerTrust } from './peer-trust.ts';
import { safeLine, type SafeText } from '../text/safe-text.ts';
import type { TransferEndpoint } from '../transfer/index.ts';

/** Introductions that may wait to be looked at: as many as a server lets live at once. */
export const MAX_WAITING_INTRODUCTIONS = 256;

export interface IncomingIntroductionsOptions {
  readonly endpoint: Pick<TransferEndpoint, 'expect'>;
  readonly trust: Pick<PeerTrust, 'judge'>;
  readonly link: Pick<ServerLink, 'request'>;
  readonly warn: (line: SafeText) => void;
}

type Expect = Extract<News, { type: 'expect' }>['body'];

/** Lets in whom the server introduces, if their key is the one that is known, and else declines. */
export class IncomingIntroductions {
  readonly #options: IncomingIntroductionsOptions;
  #waitingCount = 0;
  #last: Promise<void> = Promise.resolve();
  /** The line of the last refusal: a sender of a hundred files is refused with one. */
  #lastLine: string | undefined;

  constructor(options: IncomingIntroductionsOptions) {
    this.#options = options;
  }

  /** One after the other, in the order of the server's news. */
  handle(expect: Expect): void {
    if (this.#waitingCount >= MAX_WAITING_INTRODUCTIONS) return;
    this.#waitingCount += 1;
    this.#last = this.#last
      .then(() => this.#judge(expect))
      .finally(() => {
        this.#waitingCount -= 1;
      });
  }

  async #judge({ from, purpose, key }: Expect): Promise<void> {
    const { endpoint, trust, link, warn } = this.#options;
    const verdict = await trust.judge(from, key.peerKey);
    if ('isTrusted' in verdict) {
      this.#lastLine = undefined;
      endpoint.expect(key, from, purpose);
      return;
    }
    const what = purpose === 'message' ? 'A message' : 'What was sent';
    const line = safeLine`${what} from ${from} was refused: ${verdict.reason}.`;
    if (line !== this.#lastLine) warn(line);
    this.#lastLine = line;
    // Without an answer: the server may have gone, and then nobody waits for this.
    link.request({ type: 'decline', body: { keyId: key.keyId } }).catch(() => undefined);
  }
}
