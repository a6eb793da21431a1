import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { clientFrameOf } from '../core/client-frame.ts';
import {
  MAX_FRAME_BYTES,
  MAX_LOGIN_FRAME_BYTES,
  type ClientFrame,
  type ServerFrame,
} from '../core/protocol.ts';
import { TokenBucket } from '../core/token-bucket.ts';
import type { Clock } from './clock.ts';
import { encodeFrame, FrameDecoder } from './frame-decoder.ts';

/** Waiting to leave to one client; one that reads too slowly to stay below it is cut off. */
export const MAX_OUTGOING_BYTES: number = 1024 * 1024;
/** Pages of a long answer are made while less than this waits. Not under Node's high-water mark. */
const PAGING_BYTES = 65_536;
/** A client that takes none of a long answer for so long is cut off. */
export const DRAIN_TIMEOUT_MS = 15_000;
/** Requests of one client at once, as when somebody pastes, and in the long run. */
export const REQUEST_BURST = 200;
export const REQUESTS_PER_SEC = 50;
/** A frame costs one request and one more for each of these: long texts go to everybody. */
const BYTES_PER_REQUEST = 1_024;
/** How long a client that was told to go may take to close its side. */
const LINGER_MS = 2_000;

/** What a connection tells its server. Nothing comes after `onEnd` or `onFault`. */
export interface ConnectionEvents {
  /** The connection hands over no other frame until `resume`. */
  readonly onFrame: (frame: ClientFrame) => void;
  /** Something that ends like a frame has arrived. */
  readonly onSign: () => void;
  /** The peer broke a rule; the socket is gone. */
  readonly onFault: (event: string) => void;
  /** The peer has ended or lost the connection. */
  readonly onEnd: () => void;
}

/**
 * One client's socket: frames in, one at a time and no faster than the token bucket allows; frames
 * out, up to a bound. What arrives meanwhile waits in the decoder up to a frame, then in the
 * kernel, then at the client. Time spent waiting for the bucket delays this client only.
 */
export class ClientConnection {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #events: ConnectionEvents;
  readonly #decoder = new FrameDecoder();
  readonly #bucket: TokenBucket;
  #maxFrameBytes = MAX_LOGIN_FRAME_BYTES;
  /** A frame was handed over or waits for the bucket. */
  #isBusy = false;
  #isPumping = false;
  /** Nothing more is handed over or sent. */
  #isClosed = false;
  /** The rest of a long answer; frames are not handed over before it has left. */
  #pages: Iterator<ServerFrame> | undefined;
  #resumesAfterPages = false;
  #cancelBucketWait: (() => void) | undefined;
  #cancelDrainWait: (() => void) | undefined;

  constructor(socket: Socket, clock: Clock, events: ConnectionEvents) {
    this.#socket = socket;
    this.#clock = clock;
    this.#events = events;
    this.#bucket = new TokenBucket(REQUEST_BURST, REQUESTS_PER_SEC, clock.monotonicMs());
    socket.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
    });
    socket.on('drain', () => {
      this.#sendMorePages();
    });
    for (const event of ['end', 'error', 'close'] as const) {
      socket.on(event, () => {
        if (!this.#shut()) return;
        // Not left to end by itself: a peer that reads nothing would keep what waits for it alive.
        socket.destroy();
        this.#events.onEnd();
      });
    }
  }

  /** It is the server that keeps frames of this client waiting, so its silence means nothing. */
  get isHeldUp(): boolean {
    return this.#isBusy || this.#socket.isPaused();
  }

  /** After login frames may be as large as texts need. */
  allowLargeFrames(): void {
    this.#maxFrameBytes = MAX_FRAME_BYTES;
  }

  /** `text` is an encoded frame. */
  send(text: string): void {
    if (this.#isClosed) return;
    this.#socket.write(text);
    if (this.#socket.writableLength > MAX_OUTGOING_BYTES) this.#fail('reads too slowly');
  }

  /** Sends all pages, as fast as the client takes them. */
  sendPages(pages: Iterator<ServerFrame>): void {
    if (this.#isClosed) return;
    assert(!this.#pages, 'one long answer at a time');
    this.#pages = pages;
    this.#sendMorePages();
  }

  /** The last frame is answered. */
  resume(): void {
    if (this.#pages) {
      this.#resumesAfterPages = true;
      return;
    }
    this.#isBusy = false;
    this.#pump();
  }

  /** Ends the connection once what was sent has left; what still comes in is thrown away. */
  close(): void {
    if (!this.#shut()) return;
    this.#socket.end();
    this.#socket.resume(); // unread bytes would turn the end into a reset, and the last frame be lost
    // Not the server's clock: this only frees a descriptor.
    const timer = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once('close', () => {
      clearTimeout(timer);
    });
  }

  #receive(chunk: Buffer): void {
    if (this.#isClosed) return;
    this.#decoder.push(chunk);
    if (chunk.includes(0x0a)) this.#events.onSign();
    this.#pump();
    if (this.#decoder.bufferedBytes > MAX_FRAME_BYTES) this.#socket.pause();
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.#isBusy && !this.#isClosed && this.#handOverNext());
    this.#isPumping = false;
    const hasRoom = this.#decoder.bufferedBytes <= MAX_FRAME_BYTES;
    if (hasRoom && !this.#isClosed && this.#socket.isPaused()) this.#socket.resume();
  }

  /** False when there is no whole frame. */
  #handOverNext(): boolean {
    const decoded = this.#decoder.next(this.#maxFrameBytes);
    if (decoded.state === 'more') return false;
    if (decoded.state === 'bad') {
      this.#fail(`sent a line that is ${decoded.reason}`);
      return false;
    }
    const frame = clientFrameOf(decoded.value);
    if (!frame) {
      this.#fail('sent a line that is no frame');
      return false;
    }
    this.#isBusy = true;
    const cost = 1 + decoded.frameBytes / BYTES_PER_REQUEST;
    const waitMs = this.#bucket.takeMs(cost, this.#clock.monotonicMs());
    if (waitMs === 0) {
      this.#events.onFrame(frame);
    } else {
      this.#cancelBucketWait = this.#clock.after(waitMs, () => {
        this.#events.onFrame(frame);
      });
    }
    return true;
  }

  #sendMorePages(): void {
    const pages = this.#pages;
    if (!pages || this.#isClosed) return;
    this.#cancelDrainWait?.();
    while (this.#socket.writableLength < PAGING_BYTES) {
      const next = pages.next();
      if (next.done === true) {
        this.#pages = undefined;
        if (this.#resumesAfterPages) {
          this.#resumesAfterPages = false;
          this.resume();
        }
        return;
      }
      this.#socket.write(encodeFrame(next.value));
    }
    this.#cancelDrainWait = this.#clock.after(DRAIN_TIMEOUT_MS, () => {
      this.#fail('reads too slowly');
    });
  }

  #fail(event: string): void {
    if (!this.#shut()) return;
    this.#socket.destroy();
    this.#events.onFault(event);
  }

  /** False when it was shut before. */
  #shut(): boolean {
    if (this.#isClosed) return false;
    this.#isClosed = true;
    this.#pages = undefined;
    this.#cancelBucketWait?.();
    this.#cancelDrainWait?.();
    return true;
  }
}
