import type { Answer, News, ServerLink } from './io/server-link.ts';
import type { ReachTools } from './reach-tools.ts';
import { judgeOpening, type SeenDatagrams } from '../reach/judge-opening.ts';
import type { ReachFinding } from '../reach/reach-finding.ts';
import { placeOf } from '../reach/network-place.ts';
import type { OpeningCounts, TransferEndpoint } from '../transfer/index.ts';

/** An opening that was not answered for so long is asked about: four of its OPENs are older than 2 s. */
export const COMPARE_AFTER_MS = 4_000;
/** Where nothing was sent yet, as its source is still being looked at. */
const LOOK_AGAIN_MS = 1_000;
/** How long the other side may take to say what it saw; with the rest that is less than 10 s. */
export const COMPARE_ANSWER_MS = 4_000;

/** An introduction of this side to another. */
export type OwnIntroduction = Pick<
  Extract<Answer, { type: 'introduced' }>['body'],
  'to' | 'addresses' | 'compares'
> & { readonly key: { readonly keyId: string } };

export interface OpeningComparerOptions {
  readonly endpoint: Pick<TransferEndpoint, 'openingNotes'>;
  readonly link: Pick<ServerLink, 'request' | 'localAddress'>;
  readonly tools: Omit<ReachTools, 'probe'>;
  /** Nobody answers what is sent to this user, and that is why. */
  readonly tell: (user: string, finding: ReachFinding) => void;
}

/** An opening that is watched. */
export interface WatchedOpening {
  /** Why nobody has answered, once that was found out; also after the end. */
  readonly findings: () => readonly ReachFinding[];
  readonly end: () => void;
}

/** Of all openings to one user. */
interface Watched {
  count: number;
  /** Told once for all of them. */
  finding: ReachFinding | undefined;
}

/**
 * Finds out, while an opening is tried, why nobody answers it: asks the other side over the chat what it
 * saw, and says the likely cause and what opens the way. What the other side and the server say of it
 * changes a line of text and nothing else.
 */
export class OpeningComparer {
  readonly #options: OpeningComparerOptions;
  /** Questions that wait, by key id. */
  readonly #asked: Map<string, (seen: SeenDatagrams | undefined) => void> = new Map();
  /** By user. */
  readonly #watched: Map<string, Watched> = new Map();

  constructor(options: OpeningComparerOptions) {
    this.#options = options;
  }

  /** Watches an opening that begins now or later; the answer ends that. */
  watch(introduction: OwnIntroduction): WatchedOpening {
    const { clock } = this.#options.tools;
    const { to } = introduction;
    const ofUser = this.#watched.get(to) ?? { count: 0, finding: undefined };
    this.#watched.set(to, ofUser);
    ofUser.count += 1;
    let isOver = false;
    const hasEnded = (): boolean => isOver;
    let cancel: () => void = () => undefined;
    const look = async (): Promise<void> => {
      const { isAnswered, sent } = await this.#notesOf(introduction);
      if (hasEnded() || isAnswered) return;
      const waitMs = sent === undefined ? LOOK_AGAIN_MS : COMPARE_AFTER_MS - sent.sinceMs;
      if (sent === undefined || waitMs > 0) {
        cancel = clock.after(waitMs, () => void look());
        return;
      }
      const finding = await this.compare(introduction, sent);
      const { isAnswered: isAnsweredNow } = await this.#notesOf(introduction);
      if (hasEnded() || isAnsweredNow || ofUser.finding !== undefined) return;
      ofUser.finding = finding;
      this.#options.tell(to, finding);
    };
    cancel = clock.after(COMPARE_AFTER_MS, () => void look());
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      ofUser.count -= 1;
      if (ofUser.count === 0) this.#watched.delete(to);
    };
    return { findings: () => (ofUser.finding === undefined ? [] : [ofUser.finding]), end };
  }

  /** Why what was sent stays without an answer, as likely as both sides together can tell. */
  async compare(introduction: OwnIntroduction, sent: OpeningCounts): Promise<ReachFinding> {
    const { link, tools } = this.#options;
    const { knock, ownNetworks, platform } = tools;
    const { to, addresses } = introduction;
    const address = addresses[0]!;
    const [seen, knocked] = await Promise.all([this.#ask(introduction, sent), knock(address)]);
    return judgeOpening({
      ...{ peer: to, address, sent, seen, knock: knocked, platform },
      ownNetworks: ownNetworks(),
      isServerHere: placeOf(link.localAddress, []) === 'loopback',
    });
  }

  /** What the other side saw. */
  handleSaw({ keyId, seen }: Extract<News, { type: 'saw' }>['body']): void {
    this.#asked.get(keyId)?.(seen);
  }

  #notesOf({ key }: OwnIntroduction): ReturnType<TransferEndpoint['openingNotes']> {
    return this.#options.endpoint.openingNotes(key.keyId);
  }

  async #ask(
    { to, key: { keyId }, addresses, compares }: OwnIntroduction,
    { openCount, scoutCount }: OpeningCounts,
  ): Promise<SeenDatagrams | undefined> {
    if (compares !== true || this.#asked.has(keyId)) return undefined;
    const { link, tools } = this.#options;
    let cancel: () => void = () => undefined;
    const answer = new Promise<SeenDatagrams | undefined>((resolve) => {
      this.#asked.set(keyId, resolve);
      cancel = tools.clock.after(COMPARE_ANSWER_MS, () => {
        resolve(undefined);
      });
      const sent = { openCount, scoutCount, addresses };
      link.request({ type: 'compare', body: { to, keyId, sent } }).then(
        ([passedOn]) => {
          if (passedOn?.type !== 'comparing') resolve(undefined);
        },
        () => {
          resolve(undefined);
        },
      );
    });
    try {
      return await answer;
    } finally {
      cancel();
      this.#asked.delete(keyId);
    }
  }
}
