import type { Introducer } from './introducer.ts';
import type { OpeningComparer } from './opening-comparer.ts';
import type { ReachTools } from './reach-tools.ts';
import { reachLines } from '../reach/reach-finding.ts';
import { safeLine, type SafeText, safeText } from '../text/safe-text.ts';
import type { AddressProbe, ProbeAnswer } from '../transfer/diagnosis.ts';

export interface ReachChecksOptions {
  readonly introducer: Pick<Introducer, 'introduce'>;
  readonly comparer: Pick<OpeningComparer, 'compare'>;
  /** Asks over UDP, as this client. */
  readonly probe: ReachTools['probe'];
  /** Of this client's endpoint. */
  readonly privateKey: Uint8Array;
  /** The answer. */
  readonly print: (line: SafeText) => void;
  /** That it takes a while. */
  readonly note: (line: SafeText) => void;
}

/** What `DOC` does: opens a connection to a user, sends nothing, and says how that went. */
export class ReachChecks {
  readonly #options: ReachChecksOptions;
  #running: Promise<void> | undefined;
  readonly #aborting = new AbortController();

  constructor(options: ReachChecksOptions) {
    this.#options = options;
  }

  /** That run: one at a time. */
  get count(): number {
    return this.#running === undefined ? 0 : 1;
  }

  /** Says later what it found. */
  start(user: string): void {
    const { print, note } = this.#options;
    if (this.#running !== undefined) {
      print(safeText('Another DOC runs: wait for its answer.'));
      return;
    }
    note(safeLine`${user} is asked over UDP; that takes a few seconds.`);
    this.#running = this.#check(user).then((lines) => {
      this.#running = undefined;
      if (!this.#aborting.signal.aborted) lines.forEach(print);
    });
  }

  /** Resolves when none runs. */
  async idle(): Promise<void> {
    await (this.#aborting.signal.aborted ? undefined : this.#running);
  }

  /** Nothing is said any more. */
  abort(): void {
    this.#aborting.abort();
  }

  async #check(user: string): Promise<SafeText[]> {
    const { introducer, comparer, probe, privateKey } = this.#options;
    try {
      const introduced = await introducer.introduce(user, 'files');
      if ('refusal' in introduced) return [notAsked(user, introduced.refusal)];
      const { key: introduction, addresses } = introduced;
      const { signal } = this.#aborting;
      const peer = { introduction, addresses };
      const { outcome, answer, sent } = await probe(peer, privateKey, { signal });
      if (answer !== undefined) return [answerLine(user, answer)];
      if (sent !== undefined) return reachLines(await comparer.compare(introduced, sent));
      return [safeLine`${user} ${OUTCOMES[outcome]}`];
    } catch (error) {
      return [notAsked(user, (error as Error).message)];
    }
  }
}

const OUTCOMES: Readonly<Record<AddressProbe['outcome'], string>> = {
  answered: 'answers over UDP.',
  silent: 'does not answer over UDP.',
  version: 'answers over UDP, but in no version of the protocol that this side speaks.',
  busy: 'answers over UDP that there is no room for another connection now. Try again later.',
  broken: 'answered over UDP, and was gone a moment later. Try again.',
  'no-socket': 'could not be asked: this machine gives no UDP socket.',
};

function notAsked(user: string, reason: string): SafeText {
  return safeLine`${user} could not be asked over UDP: ${reason}.`;
}

function answerLine(user: string, answer: ProbeAnswer): SafeText {
  const { minRttMs, sentCount, lostCount, datagramBytes, isLargest } = answer;
  const size = `${isLargest ? 'up to' : 'at least'} ${datagramBytes} bytes`;
  return safeLine`${user} answers over UDP after ${minRttMs.toFixed(1)} ms, ${lostCount} of ${sentCount} lost, datagrams of ${size} pass: files get through.`;
}
