import type { News, ServerLink } from './io/server-link.ts';
import type { ReachTools } from './reach-tools.ts';
import { judgeExpected } from '../reach/judge-opening.ts';
import type { ReachFinding } from '../reach/reach-finding.ts';
import type { TransferEndpoint } from '../transfer/index.ts';

/** Questions that are answered at once; more than that are let by. */
export const MAX_COMPARISONS = 64;
/** One user's trouble is told this often at most. */
export const NOTICE_INTERVAL_MS = 60_000;
/** Users of whom it is known when they were last told of. */
export const MAX_TOLD_USERS = 64;

export interface ComparisonAnswersOptions {
  readonly endpoint: Pick<TransferEndpoint, 'openingNotes' | 'address'>;
  readonly link: Pick<ServerLink, 'request'>;
  readonly tools: Pick<ReachTools, 'clock' | 'ownNetworks' | 'platform'>;
  /** This user sends in vain, and that is why. */
  readonly tell: (user: string, finding: ReachFinding) => void;
}

type Compare = Extract<News, { type: 'compare' }>['body'];

/**
 * Tells a sender whom nobody answers what arrived here under its introduction, and this side's person
 * what is likely in the way. An introduction that is not expected here gets no word.
 */
export class ComparisonAnswers {
  readonly #options: ComparisonAnswersOptions;
  #runningCount = 0;
  /** By user, the one told of longest ago first. */
  readonly #toldAtMs: Map<string, number> = new Map();

  constructor(options: ComparisonAnswersOptions) {
    this.#options = options;
  }

  handle(compare: Compare): void {
    if (this.#runningCount >= MAX_COMPARISONS) return;
    this.#runningCount += 1;
    void this.#answer(compare).finally(() => {
      this.#runningCount -= 1;
    });
  }

  async #answer({ from, keyId, sent }: Compare): Promise<void> {
    const { endpoint, link, tools, tell } = this.#options;
    const { seen } = await endpoint.openingNotes(keyId);
    if (seen === undefined) return;
    // Without an answer: the server may have gone, and the sender too.
    link.request({ type: 'saw', body: { keyId, seen } }).catch(() => undefined);
    const finding = judgeExpected({
      ...{ peer: from, sent, seen, platform: tools.platform },
      address: sent.addresses[0]!,
      ownPort: endpoint.address.port,
      ownNetworks: tools.ownNetworks(),
    });
    if (finding !== undefined && this.#mayTell(from)) tell(from, finding);
  }

  #mayTell(user: string): boolean {
    const nowMs = this.#options.tools.clock.monotonicMs();
    const toldAtMs = this.#toldAtMs.get(user);
    if (toldAtMs !== undefined && nowMs - toldAtMs < NOTICE_INTERVAL_MS) return false;
    this.#toldAtMs.delete(user);
    this.#toldAtMs.set(user, nowMs);
    if (this.#toldAtMs.size > MAX_TOLD_USERS) {
      const [oldest] = this.#toldAtMs.keys();
      this.#toldAtMs.delete(oldest!);
    }
    return true;
  }
}
