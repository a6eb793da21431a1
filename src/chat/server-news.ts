import type { ClientConsole } from './core/client-console.ts';
import { type Ending, outOfOrder } from './core/client-ending.ts';
import { messageLine } from './core/client-texts.ts';
import type { OnlineUsers } from './core/online-users.ts';
import type { ComparisonAnswers } from './comparison-answers.ts';
import type { IncomingIntroductions } from './incoming-introductions.ts';
import type { Introducer } from './introducer.ts';
import type { News } from './io/server-link.ts';
import type { OpeningComparer } from './opening-comparer.ts';
import { safeLine, type SafeText, safeText } from '../text/safe-text.ts';

export interface ServerNewsOptions {
  readonly console: Pick<ClientConsole, 'print'>;
  /** Of something good to know. */
  readonly note: (line: SafeText) => void;
  readonly users: OnlineUsers;
  readonly end: (ending: Ending) => void;
}

/** What a client does with what the server tells it unasked. */
export class ServerNews {
  readonly #options: ServerNewsOptions;
  /** Of a client that has logged in. */
  incoming: IncomingIntroductions | undefined;
  introducer: Introducer | undefined;
  comparer: OpeningComparer | undefined;
  comparisonAnswers: ComparisonAnswers | undefined;

  constructor(options: ServerNewsOptions) {
    this.#options = options;
  }

  handle(news: News): void {
    const { console, note, users, end } = this.#options;
    switch (news.type) {
      case 'posted':
        console.print(messageLine(news.body));
        break;
      case 'joined':
        users.add([news.body]);
        note(safeLine`${news.body.user} has joined.`);
        break;
      case 'left':
        users.remove(news.body.user);
        note(safeLine`${news.body.user} has left.`);
        break;
      case 'expect':
        this.incoming?.handle(news.body);
        break;
      case 'declined':
        this.introducer?.handleDeclined(news.body.keyId);
        break;
      case 'compare':
        this.comparisonAnswers?.handle(news.body);
        break;
      case 'saw':
        this.comparer?.handleSaw(news.body);
        break;
      case 'ended':
        if (news.body.reason === 'replaced') {
          end({ why: 'replaced' });
        } else {
          const isStopping = news.body.reason === 'stopping';
          const line = safeText('The server is stopping.');
          end(isStopping ? { why: 'lost', line } : outOfOrder);
        }
        break;
      case 'ping':
        break;
    }
  }
}
