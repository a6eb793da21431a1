import type { Connection } from './connection/connection.ts';
import type { ConnectionNews } from './connection/connection-host.ts';
import type { CloseCode, TransportConnection, TransportEvent } from './transport.ts';

/**
 * News for the user, in order. `readable` and `writable` wait at most once for each connection, so
 * the queue is bounded by the number of connections.
 */
export class EventQueue {
  #events: TransportEvent[] = [];
  #head = 0;
  /** Whose news of this kind stands in the queue. */
  readonly #waiting: Partial<Record<ConnectionNews, Set<TransportConnection>>> = {
    readable: new Set(),
    writable: new Set(),
  };

  push(connection: Connection, news: ConnectionNews): void {
    const waiting = this.#waiting[news];
    if (waiting?.has(connection) === true) return;
    waiting?.add(connection);
    if (news === 'stalled' || news === 'resumed') {
      this.#events.push({ type: news, connection, sinceUs: connection.silentSinceUs });
    } else {
      this.#events.push({ type: news, connection });
    }
  }

  pushClosed(connection: Connection, code: CloseCode, reason: string, byPeer: boolean): void {
    this.#events.push({ type: 'closed', connection, reason: { code, reason, byPeer } });
  }

  pushUnopened(handle: number, code: CloseCode, reason: string, byPeer: boolean): void {
    this.#events.push({ type: 'unopened', handle, reason: { code, reason, byPeer } });
  }

  shift(): TransportEvent | undefined {
    const event = this.#events[this.#head];
    if (event === undefined) {
      this.#events.length = 0;
      this.#head = 0;
      return undefined;
    }
    this.#head++;
    if (event.type === 'readable' || event.type === 'writable') {
      this.#waiting[event.type]!.delete(event.connection);
    }
    return event;
  }
}
