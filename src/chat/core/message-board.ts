import { messageLogLine } from './log-lines.ts';
import type { Stamp } from './local-time.ts';
import { MAX_TEXT_CHARACTERS, type MessageView, type Refusal } from './protocol.ts';

/** A post. Its number is its place on the board, from 1, and changes when an earlier one is deleted. */
interface Message {
  /** Grows with every post and never changes: where a reader goes on. */
  readonly serial: number;
  readonly user: string;
  readonly text: string;
  readonly time: Stamp;
  readonly edited: boolean;
}

/** What became of a request: the message it is about, or why nothing changed. */
export type BoardAnswer = { readonly view: MessageView } | { readonly refusal: Refusal };

export const MAX_MESSAGES = 100_000;
/** Of all texts together, in UTF-16 units: 4,096 of the longest. */
export const MAX_BOARD_CHARACTERS: number = 16 * 1024 * 1024;
/** How much of a full board is forgotten at once: every post would renumber all if it were one. */
const FORGOTTEN_SHARE = 0.1;

/**
 * The messages in the order of posting.
 *
 * A full board forgets its oldest tenth, as if their authors had deleted them: a chat that refused
 * new messages could be silenced by one user. Messages are never changed in place, so a slice of
 * the list is a snapshot.
 */
export class MessageBoard {
  #messages: Message[] = [];
  #nextSerial = 1;
  #characterCount = 0;

  get size(): number {
    return this.#messages.length;
  }

  /** `hasForgotten`: older messages went, so every number has changed. */
  post(user: string, text: string, time: Stamp): BoardAnswer & { readonly hasForgotten?: boolean } {
    const refusal = textRefusal(text);
    if (refusal) return { refusal };
    const hasForgotten = this.#forgetIfFull(text.length);
    this.#messages.push({ serial: this.#nextSerial, user, text, time, edited: false });
    this.#nextSerial += 1;
    this.#characterCount += text.length;
    return { view: this.#viewAt(this.#messages.length - 1), hasForgotten };
  }

  /** Its time becomes `now`. Checks number, then time, then author. */
  edit(number: number, time: string, user: string, text: string, now: Stamp): BoardAnswer {
    const refusal = this.#refusalFor(number, time, user) ?? textRefusal(text);
    if (refusal) return { refusal };
    const message = this.#messages[number - 1]!;
    this.#characterCount += text.length - message.text.length;
    this.#messages[number - 1] = { ...message, text, time: now, edited: true };
    return { view: this.#viewAt(number - 1) };
  }

  /** The answer shows the message as it was. Later ones move up by one number. */
  delete(number: number, time: string, user: string): BoardAnswer {
    const refusal = this.#refusalFor(number, time, user);
    if (refusal) return { refusal };
    const view = this.#viewAt(number - 1);
    this.#messages.splice(number - 1, 1);
    this.#characterCount -= view.text.length;
    return { view };
  }

  /**
   * Messages posted or edited strictly later than `second`, by number. It walks the board as it is
   * when the next one is asked for, so that a slow reader holds no copy; numbers are those of then.
   */
  *laterThan(second: number): Generator<MessageView, void, undefined> {
    let lastSerial = 0;
    let index = 0;
    for (;;) {
      // Where a deletion has moved the place, look for it again.
      if (index > 0 && this.#messages[index - 1]?.serial !== lastSerial) {
        index = this.#indexAfter(lastSerial);
      }
      const message = this.#messages[index];
      if (!message) return;
      lastSerial = message.serial;
      const view = message.time.atSecond > second ? this.#viewAt(index) : undefined;
      index += 1;
      if (view) yield view;
    }
  }

  /** The lines of messagelog.txt as of now, made one by one. */
  logLines(): Iterable<string> {
    return linesOf(this.#messages.slice());
  }

  #viewAt(index: number): MessageView {
    return viewOf(this.#messages[index]!, index + 1);
  }

  #refusalFor(number: number, time: string, user: string): Refusal | undefined {
    const message = this.#messages[number - 1];
    if (!message) return 'no-such-message';
    if (message.time.text !== time) return 'wrong-time';
    if (message.user !== user) return 'not-the-author';
    return undefined;
  }

  #forgetIfFull(addedCharacters: number): boolean {
    const hasRoom = (): boolean =>
      this.#messages.length < MAX_MESSAGES &&
      this.#characterCount + addedCharacters <= MAX_BOARD_CHARACTERS;
    if (hasRoom()) return false;
    while (!hasRoom()) {
      const count = Math.ceil(this.#messages.length * FORGOTTEN_SHARE);
      for (const message of this.#messages.splice(0, count)) {
        this.#characterCount -= message.text.length;
      }
    }
    return true;
  }

  /** Serials grow along the board, so the place is found by halving. */
  #indexAfter(serial: number): number {
    let low = 0;
    let high = this.#messages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#messages[middle]!.serial <= serial) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function viewOf(message: Message, number: number): MessageView {
  const { user, text, edited } = message;
  return { number, user, text, time: message.time.text, edited };
}

function* linesOf(messages: readonly Message[]): Generator<string, void, undefined> {
  for (const [index, message] of messages.entries()) {
    yield messageLogLine(viewOf(message, index + 1));
  }
}

function textRefusal(text: string): Refusal | undefined {
  if (text.trim() === '') return 'empty-text';
  return text.length > MAX_TEXT_CHARACTERS ? 'text-too-long' : undefined;
}
