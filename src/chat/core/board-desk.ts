import type { EffectList } from './effect-list.ts';
import { parseTime, type WallClock } from './local-time.ts';
import { messageLogLine } from './log-lines.ts';
import { MessageBoard, type BoardAnswer } from './message-board.ts';
import { pagesOf } from './pages.ts';
import type { ClientFrame, MessageView } from './protocol.ts';
import type { NamedSession } from './session-table.ts';

type FrameOf<Type extends ClientFrame['type']> = Extract<ClientFrame, { type: Type }>;

/** Answers what users ask of the board of messages. */
export class BoardDesk {
  readonly #effects: EffectList;
  readonly #wallClock: WallClock;
  readonly #board = new MessageBoard();

  constructor(effects: EffectList, wallClock: WallClock) {
    this.#effects = effects;
    this.#wallClock = wallClock;
  }

  /** The lines of messagelog.txt as of now. */
  logLines(): Iterable<string> {
    return this.#board.logLines();
  }

  /** What the others are to see; undefined when it was refused. */
  post(session: NamedSession, { body }: FrameOf<'post'>): MessageView | undefined {
    const { user } = session.user;
    const answer = this.#board.post(user, body.text, this.#wallClock.now());
    if ('refusal' in answer) {
      this.#effects.refuse(session, body.request, answer.refusal);
      return undefined;
    }
    const { view } = answer;
    this.#effects.push(
      answer.hasForgotten === true
        ? { do: 'save-messages' }
        : { do: 'save-messages', added: messageLogLine(view) },
    );
    this.#effects.log(`posted #${view.number}`, user, session.address);
    const { number, time } = view;
    this.#effects.send(session, { type: 'done', body: { request: body.request, number, time } });
    return view;
  }

  change(session: NamedSession, frame: FrameOf<'edit' | 'delete'>): void {
    const { request, number, time } = frame.body;
    const { user } = session.user;
    const now = this.#wallClock.now();
    const answer: BoardAnswer =
      frame.type === 'edit'
        ? this.#board.edit(number, time, user, frame.body.text, now)
        : this.#board.delete(number, time, user);
    if ('refusal' in answer) {
      this.#effects.refuse(session, request, answer.refusal);
      return;
    }
    this.#effects.push({ do: 'save-messages' });
    const done = frame.type === 'edit' ? 'edited' : 'deleted';
    this.#effects.log(`${done} #${number}`, user, session.address);
    this.#effects.send(session, { type: 'done', body: { request, number, time: now.text } });
  }

  read(session: NamedSession, { body: { request, since } }: FrameOf<'read'>): void {
    const time = parseTime(since);
    if (!time) {
      this.#effects.refuse(session, request, 'bad-time');
      return;
    }
    const views = this.#board.laterThan(this.#wallClock.secondOf(time));
    const pages = pagesOf(views, (messages, more) => ({
      type: 'messages',
      body: { request, messages, more },
    }));
    this.#effects.push({ do: 'send-pages', to: session.id, pages });
  }
}
