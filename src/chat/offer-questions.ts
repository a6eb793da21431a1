import { formatBytes, formatDuration } from '../text/measures.ts';
import { safeLine, type SafeText, safeText } from '../text/safe-text.ts';
import type { Offer } from '../transfer/index.ts';
import type { TransferList } from './transfer-list.ts';

/** Offers that may wait for an answer at once, of all senders together; one more is refused. */
export const MAX_OPEN_QUESTIONS = 64;

/** What `YES` and `NO` speak of: one question, all of them, or the only one that there is. */
export type QuestionChoice = number | 'all' | undefined;

export interface OfferQuestionsOptions {
  /** Numbers the questions as it does transfers. */
  readonly list: TransferList;
  /** An offer that nobody answers is refused after this long. */
  readonly giveUpMs: number;
  /** A question is open, and this says so; `line` is for a person. */
  readonly onQuestion: (id: number, offer: Offer, line: SafeText) => void;
}

interface OpenQuestion {
  readonly what: string;
  /** `reason`: why not, as both sides see it; undefined lets it in. */
  readonly settle: (reason: string | undefined) => void;
}

/**
 * The questions of `--confirm`: each offer waits for a `YES` or a `NO` at the prompt, at most for
 * `giveUpMs`. The questions are lines like all news, so that they take nobody's prompt away.
 */
export class OfferQuestions {
  readonly #options: OfferQuestionsOptions;
  readonly #open: Map<number, OpenQuestion> = new Map();
  #isClosed = false;

  constructor(options: OfferQuestionsOptions) {
    this.#options = options;
  }

  /** Resolves with why the offer is refused, or with undefined when somebody said yes. */
  async ask(offer: Offer): Promise<string | undefined> {
    const { list, giveUpMs, onQuestion } = this.#options;
    const { from, name, signal } = offer;
    if (this.#isClosed || signal.aborted) return REFUSED;
    if (this.#open.size >= MAX_OPEN_QUESTIONS) {
      return `${MAX_OPEN_QUESTIONS} offers wait for an answer there already`;
    }
    let settle: OpenQuestion['settle'] = () => undefined;
    const settled = new Promise<string | undefined>((resolve) => (settle = resolve));
    const refuse = (): void => {
      settle(REFUSED);
    };
    const { id, unlist } = list.add({
      direction: 'receive',
      peer: from,
      name,
      transfer: () => undefined,
      waitsFor: 'YES or NO',
      cancel: refuse,
    });
    const timer = setTimeout(() => {
      settle(`nobody confirmed it within ${formatDuration(giveUpMs)}`);
    }, giveUpMs);
    signal.addEventListener('abort', refuse);
    this.#open.set(id, { what: `${name} from ${from}`, settle });
    onQuestion(id, offer, questionLine(id, offer));
    try {
      return await settled;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', refuse);
      this.#open.delete(id);
      unlist();
    }
  }

  /** What a `YES` or a `NO` is answered with. */
  answer(isYes: boolean, choice: QuestionChoice): readonly SafeText[] {
    if (this.#open.size === 0) return [NO_QUESTION];
    const only = this.#open.size === 1 ? [...this.#open.keys()] : undefined;
    const ids = choice === 'all' ? [...this.#open.keys()] : choice === undefined ? only : [choice];
    if (ids === undefined) {
      const word = isYes ? 'YES' : 'NO';
      return [
        safeLine`${this.#open.size} offers wait for an answer: ${word} id, or ${word} all. XFR lists them.`,
      ];
    }
    return ids.map((id) => {
      const question = this.#open.get(id);
      if (question === undefined) {
        return safeLine`No offer #${id} waits for an answer. XFR lists them.`;
      }
      this.#open.delete(id);
      question.settle(isYes ? undefined : REFUSED);
      return safeLine`${question.what}: ${isYes ? 'accepted' : 'refused'}.`;
    });
  }

  /** Nobody answers any more: what waits is refused, and so is what comes. */
  close(): void {
    this.#isClosed = true;
    for (const { settle } of this.#open.values()) settle(REFUSED);
  }
}

const REFUSED = 'refused by the receiver';
const NO_QUESTION: SafeText = safeText('No offer waits for an answer.');

/** `derek wants to send movie.mp4 (20.0 MB): YES 3 receives it, NO 3 refuses it.` */
function questionLine(id: number, { from, name, kind, sizeBytes }: Offer): SafeText {
  const size = sizeBytes === undefined ? 'a stream' : formatBytes(sizeBytes);
  const what = kind === 'folder' ? `a folder, ${size}` : size;
  return safeLine`${from} wants to send ${name} (${what}): YES ${id} receives it, NO ${id} refuses it.`;
}
