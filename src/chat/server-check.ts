import { join } from 'node:path';
import type { Fingerprint } from './core/fingerprint.ts';
import { KnownServers, KnownServersError } from './io/known-servers.ts';
import { LinkError } from './io/link-error.ts';
import { dial } from './io/tls-dial.ts';

/** Who answers at the address of a chat server. */
export interface ServerCheck {
  /** Why none was reached; undefined when one was. */
  readonly failure?: string;
  /** The system's code of that failure, as `ECONNREFUSED`. */
  readonly code?: string | undefined;
  /** From the first datagram of TCP to the end of the TLS handshake. */
  readonly elapsedMs: number;
  /** The key that the server has. */
  readonly shown?: Fingerprint;
  /** The key that it had before; undefined at a first contact. */
  readonly known?: Fingerprint | undefined;
  /** Why what was kept of it cannot be read. */
  readonly unreadable?: string;
}

/**
 * Connects to a chat server as a client does, looks at its key, and leaves: nothing is sent to it, and
 * nothing is kept of it.
 *
 * @param stateDir where clients keep the keys of servers
 */
export async function checkServer(
  host: string,
  port: number,
  stateDir: string,
): Promise<ServerCheck> {
  const startMs = performance.now();
  let shown: Fingerprint | undefined;
  try {
    const socket = await dial(host, port, (fingerprint) => {
      shown = fingerprint;
      return Promise.resolve();
    });
    socket.destroy();
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
    return { failure: error.message, code, elapsedMs: performance.now() - startMs };
  }
  const seen = { shown: shown!, elapsedMs: performance.now() - startMs };
  try {
    const known = await new KnownServers(join(stateDir, 'servers')).read(host, port);
    return { ...seen, known };
  } catch (error) {
    if (!(error instanceof KnownServersError)) throw error;
    return { ...seen, unreadable: error.message };
  }
}
