import type { Socket } from 'node:net';
import {
  type ClientFrame,
  MAX_FRAME_BYTES,
  PRESENCE_TIMEOUT_MS,
  type ServerFrame,
} from '../core/protocol.ts';
import { serverFrameOf } from '../core/server-frame.ts';
import { encodeFrame, FrameDecoder } from './frame-decoder.ts';
import { LinkError } from './link-error.ts';
import { dial, type Trust } from './tls-dial.ts';

export { LinkError } from './link-error.ts';

/** Requests that wait for their answer at once: twice as many as files may be sent at once. */
export const MAX_PENDING_REQUESTS = 128;
/** Of one answer: a server that never ends its list must not fill memory. A full board takes half. */
export const MAX_ANSWER_FRAMES = 10_000;
export const MAX_ANSWER_BYTES: number = 128 * 1024 * 1024;
/** Waiting to leave: a server that sends pings and takes no pongs must not fill memory. */
const MAX_OUTGOING_BYTES = 1024 * 1024;

/** Answers carry the number of their request. */
export type Answer = Extract<ServerFrame, { body: { readonly request: number } }>;
/** What the server says unasked. */
export type News = Exclude<ServerFrame, Answer>;
type Request = Exclude<ClientFrame, { type: 'pong' }>;
type RequestWithoutNumber = Request extends infer Frame
  ? Frame extends { type: infer Type; body: infer Body }
    ? { readonly type: Type; readonly body: Omit<Body, 'request'> }
    : never
  : never;

interface Pending {
  readonly frames: Answer[];
  /** Of the frames, as they came. */
  bytes: number;
  readonly resolve: (frames: readonly Answer[]) => void;
  readonly reject: (error: LinkError) => void;
}

export interface ServerLinkEvents {
  onNews(news: News): void;
  /** Once, when nothing more will come; not after `close`. */
  onEnd(error: LinkError): void;
}

/** The client's connection to the chat server: requests with their answers, and news. */
export class ServerLink {
  readonly #socket: Socket;
  readonly #decoder = new FrameDecoder();
  /** Counts only what comes: a request that nobody acknowledges is no sign of life. */
  readonly #silence: NodeJS.Timeout;
  readonly #pending: Map<number, Pending> = new Map();
  #events: ServerLinkEvents | undefined;
  #nextRequest = 1;
  /** Why nothing more will come. */
  #endError: LinkError | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    this.#silence = setTimeout(() => {
      this.#end(new LinkError('the server fell silent'));
    }, PRESENCE_TIMEOUT_MS);
    socket.on('data', (chunk: Uint8Array) => {
      this.#onData(chunk);
    });
    socket.on('error', (error) => {
      this.#end(new LinkError(error.message));
    });
    socket.on('close', () => {
      this.#end(new LinkError('the server closed the connection'));
    });
  }

  /** Rejects with a `LinkError` when no such server answers there, and as `trust` does. */
  static async open(host: string, port: number, trust: Trust): Promise<ServerLink> {
    return new ServerLink(await dial(host, port, trust));
  }

  /** Our address as the server's side of the network reaches it. */
  get localAddress(): string {
    return this.#socket.localAddress ?? '127.0.0.1';
  }

  /** An end that came before is told at once. */
  listen(events: ServerLinkEvents): void {
    this.#events = events;
    if (this.#endError !== undefined) events.onEnd(this.#endError);
  }

  /** All frames of the answer; one, except for lists. Rejects with a `LinkError`. */
  request(frame: RequestWithoutNumber): Promise<readonly Answer[]> {
    if (this.#endError !== undefined) return Promise.reject(this.#endError);
    if (this.#pending.size >= MAX_PENDING_REQUESTS) {
      return Promise.reject(new LinkError('too many requests wait for the server'));
    }
    const request = this.#nextRequest++;
    return new Promise((resolve, reject) => {
      this.#pending.set(request, { frames: [], bytes: 0, resolve, reject });
      this.#write({ type: frame.type, body: { request, ...frame.body } });
    });
  }

  close(): void {
    this.#events = undefined;
    this.#end(new LinkError('the connection is closed'));
  }

  #write(frame: { readonly type: string; readonly body: object }): void {
    this.#socket.write(encodeFrame(frame));
    if (this.#socket.writableLength > MAX_OUTGOING_BYTES) {
      this.#end(new LinkError('the server reads nothing'));
    }
  }

  #onData(chunk: Uint8Array): void {
    this.#silence.refresh();
    this.#decoder.push(chunk);
    while (this.#endError === undefined) {
      const decoded = this.#decoder.next(MAX_FRAME_BYTES);
      if (decoded.state === 'more') return;
      const frame = decoded.state === 'line' ? serverFrameOf(decoded.value) : undefined;
      if (decoded.state === 'bad' || frame === undefined) {
        this.#end(new LinkError('what answers there is not an updraft server'));
        return;
      }
      this.#take(frame, decoded.frameBytes);
    }
  }

  #take(frame: ServerFrame, frameBytes: number): void {
    if (frame.type === 'ping') {
      this.#write({ type: 'pong', body: {} });
      return;
    }
    if (!('request' in frame.body)) {
      this.#events?.onNews(frame as News);
      return;
    }
    const answer = frame as Answer;
    const pending = this.#pending.get(answer.body.request);
    if (pending === undefined) {
      this.#end(new LinkError('it answers what nobody asked'));
      return;
    }
    pending.frames.push(answer);
    pending.bytes += frameBytes;
    if ('more' in answer.body && answer.body.more) {
      const isEndless =
        pending.frames.length >= MAX_ANSWER_FRAMES || pending.bytes >= MAX_ANSWER_BYTES;
      if (isEndless) this.#end(new LinkError('its answer does not end'));
      return;
    }
    this.#pending.delete(answer.body.request);
    pending.resolve(pending.frames);
  }

  #end(error: LinkError): void {
    if (this.#endError !== undefined) return;
    this.#endError = error;
    clearTimeout(this.#silence);
    this.#socket.destroy();
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
    this.#events?.onEnd(error);
  }
}
