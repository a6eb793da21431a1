import type { Socket } from 'node:net';
import { FrameDecoder } from '../../src/chat/io/frame-decoder.ts';
import { tlsServer } from './tls-server.ts';

/** What one connection to a strange server may use. */
export interface StrangePeer {
  readonly socket: Socket;
  readonly send: (type: string, body: object) => void;
}

export interface Asked {
  readonly type: string;
  readonly body: Readonly<Record<string, unknown>> & { readonly request: number };
}

/** A server that answers each frame as a test says. Gives its port. */
export async function strangeServer(
  onFrame: (asked: Asked, peer: StrangePeer, connection: number) => void,
  onConnect: (peer: StrangePeer, connection: number) => void = () => undefined,
): Promise<number> {
  let connections = 0;
  return tlsServer((socket) => {
    const connection = ++connections;
    const peer: StrangePeer = {
      socket,
      send: (type, body) => socket.write(`${JSON.stringify({ type, body })}\n`),
    };
    const decoder = new FrameDecoder();
    socket.on('data', (chunk: Uint8Array) => {
      decoder.push(chunk);
      for (;;) {
        const decoded = decoder.next(1024 * 1024);
        if (decoded.state !== 'line') return;
        onFrame(decoded.value as Asked, peer, connection);
      }
    });
    onConnect(peer, connection);
  });
}
