import { type Answer, LinkError, type ServerLink, type ServerLinkEvents } from './server-link.ts';

type LoginRequest = Extract<
  Parameters<ServerLink['request']>[0],
  { readonly type: 'login' | 'register' }
>;

/** Links that one attempt may use up: the server may close one while the attempt is on its way. */
const LINKS_PER_ATTEMPT = 2;

/**
 * The link to a server until somebody has logged in.
 *
 * A server closes who does not try for a minute. A person may take longer to find a password: the
 * next attempt then goes over a new link, and nobody is told.
 */
export class LoginLink {
  readonly #open: () => Promise<ServerLink>;
  readonly #events: ServerLinkEvents;
  #link: ServerLink;
  #isIdledOut = false;
  #isLoggedIn = false;
  #isClosed = false;

  private constructor(open: () => Promise<ServerLink>, events: ServerLinkEvents, link: ServerLink) {
    this.#open = open;
    this.#events = events;
    this.#link = link;
  }

  /** Rejects with a `LinkError` when nobody answers. The events are those of the link in use. */
  static async open(open: () => Promise<ServerLink>, events: ServerLinkEvents): Promise<LoginLink> {
    return new LoginLink(open, events, await open());
  }

  /** The one in use; after a login it is the session's. */
  get link(): ServerLink {
    return this.#link;
  }

  /** From now on events are told. */
  listen(): void {
    const link = this.#link;
    link.listen({
      onNews: (news) => {
        if (news.type === 'ended' && news.body.reason === 'idle' && !this.#isLoggedIn) {
          this.#isIdledOut = true;
          link.close();
        } else {
          this.#events.onNews(news);
        }
      },
      onEnd: (error) => {
        this.#events.onEnd(error);
      },
    });
  }

  /** The answer to one attempt. Rejects with a `LinkError`. */
  async request(login: LoginRequest): Promise<readonly Answer[]> {
    for (let tries = 1; ; tries++) {
      if (this.#isIdledOut) {
        this.#link = await this.#open();
        this.#isIdledOut = false;
        if (this.#isClosed) this.#link.close();
        else this.listen();
      }
      try {
        const answers = await this.#link.request(login);
        this.#isLoggedIn = answers[0]?.type === 'welcome';
        // Both may have come at once.
        if (this.#isLoggedIn && this.#hasIdledOut()) throw new LinkError('it answers out of order');
        return answers;
      } catch (error) {
        const isOnlyIdle = error instanceof LinkError && this.#hasIdledOut() && !this.#isLoggedIn;
        if (!isOnlyIdle || tries === LINKS_PER_ATTEMPT) throw error;
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#link.close();
  }

  #hasIdledOut(): boolean {
    return this.#isIdledOut;
  }
}
