import { connect, type TLSSocket } from 'node:tls';
import type { Fingerprint } from '../core/fingerprint.ts';
import { ALPN_PROTOCOL, TLS_VERSION } from '../core/protocol.ts';
import { fingerprintOf } from './key-fingerprint.ts';
import { LinkError } from './link-error.ts';

/** Rejects when the server with that key is not the one that was meant. */
export type Trust = (fingerprint: Fingerprint) => Promise<void>;

/** For connecting and the handshake together. */
const CONNECT_TIMEOUT_MS = 10_000;
const NO_UPDRAFT_SERVER = 'what answers there is not an updraft server';

/**
 * A connection to a chat server whose key `trust` has accepted. Not a byte of ours is sent before:
 * there is no session to resume, so each connection shows the key, and nothing but TLS is tried.
 */
export async function dial(host: string, port: number, trust: Trust): Promise<TLSSocket> {
  const socket = connect({
    host,
    port,
    minVersion: TLS_VERSION,
    maxVersion: TLS_VERSION,
    ALPNProtocols: [ALPN_PROTOCOL],
    rejectUnauthorized: false, // no authority vouches for these servers: `trust` looks at the key
  });
  try {
    await handshake(socket);
    // A server of something else answers without the protocol's name, or not with ours.
    if (socket.alpnProtocol !== ALPN_PROTOCOL) throw new LinkError(NO_UPDRAFT_SERVER);
    const certificate = socket.getPeerX509Certificate();
    if (!certificate) throw new LinkError('it shows no key');
    await trust(fingerprintOf(certificate));
    if (socket.destroyed) throw new LinkError('the server closed the connection');
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function handshake(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new LinkError('no answer'));
    }, CONNECT_TIMEOUT_MS);
    // Stays: an error while `trust` decides is found when the link is used.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new LinkError(reasonOf(error), { cause: error }));
    });
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function reasonOf({ code = '', message }: NodeJS.ErrnoException): string {
  // OpenSSL's own words name source files. A reset in mid-handshake is how others say that
  // they do not understand.
  const isOtherProtocol = code.startsWith('ERR_SSL') || code === 'EPROTO' || code === 'ECONNRESET';
  return isOtherProtocol ? NO_UPDRAFT_SERVER : message;
}
