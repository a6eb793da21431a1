import type { Effect } from './effect.ts';
import type { Refusal, ServerFrame } from './protocol.ts';

/** What the world is to do, in the order in which it was found. */
export class EffectList {
  readonly #effects: Effect[] = [];

  push(...effects: readonly Effect[]): void {
    this.#effects.push(...effects);
  }

  /** All so far; empties the list. */
  take(): readonly Effect[] {
    return this.#effects.splice(0);
  }

  send({ id }: { readonly id: number }, frame: ServerFrame): void {
    this.#effects.push({ do: 'send', to: id, frame });
  }

  refuse(session: { readonly id: number }, request: number, reason: Refusal): void {
    this.send(session, { type: 'refused', body: { request, reason } });
  }

  log(event: string, user: string | undefined, address: string): void {
    this.#effects.push({ do: 'log', entry: { event, user, address } });
  }
}
