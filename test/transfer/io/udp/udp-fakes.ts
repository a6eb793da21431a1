import type dgram from 'node:dgram';
import { EventEmitter } from 'node:events';
import type {
  PeerAddress,
  Transmit,
  Transport,
  TransportEvent,
} from '../../../../src/transfer/core/index.ts';
import type { Timers } from '../../../../src/transfer/io/clock.ts';
import { UdpPort } from '../../../../src/transfer/io/udp/udp-port.ts';

/** An event loop turned by hand: nothing runs but in `turn`, and time moves only in `passMs`. */
export class FakeLoop implements Timers {
  /** The present time; a clock that reads it counts in `readCount`. */
  timeUs = 0;
  readCount = 0;
  /** Every delay that was asked for. */
  readonly delaysMs: number[] = [];
  #soon: (() => void)[] = [];
  readonly #timers: Set<{ readonly atUs: number; readonly action: () => void }> = new Set();

  readonly nowUs = (): number => {
    this.readCount++;
    return this.timeUs;
  };

  get timerCount(): number {
    return this.#timers.size;
  }

  get soonCount(): number {
    return this.#soon.length;
  }

  soon(action: () => void): void {
    this.#soon.push(action);
  }

  after(delayMs: number, action: () => void): () => void {
    this.delaysMs.push(delayMs);
    const timer = { atUs: this.timeUs + delayMs * 1000, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** One turn as libuv makes it: due timers, then `poll`, then what was to run soon. */
  turn(poll: () => void = () => undefined): void {
    for (const timer of [...this.#timers]) {
      if (timer.atUs > this.timeUs || !this.#timers.delete(timer)) continue;
      timer.action();
    }
    poll();
    const actions = this.#soon;
    this.#soon = [];
    for (const action of actions) action();
  }

  passMs(delayMs: number): void {
    this.timeUs += delayMs * 1000;
  }
}

/** A datagram as the fake socket got it; the bytes are the sender's own buffer, not a copy. */
export interface SentDatagram {
  readonly bytes: Uint8Array;
  /** Undefined when it went to the connected peer. */
  readonly to: PeerAddress | undefined;
  readonly hasCallback: boolean;
}

/** The part of `dgram.Socket` that a port uses, with a send queue that the test fills and empties. */
export class FakeSocket extends EventEmitter {
  readonly sent: SentDatagram[] = [];
  /** What `getSendQueueCount` says after the n-th send (counted from 1). */
  queueCountAfter: (sendCount: number) => number = () => 0;
  queueCount = 0;
  bindError: NodeJS.ErrnoException | undefined;
  /** Given to the callbacks of sends. */
  sendError: Error | null = null;
  /** Thrown by sends. */
  sendFault: Error | undefined;
  /** The largest buffer that is granted; asking for more throws, as macOS does. */
  bufferLimitBytes: number = Infinity;
  isClosed = false;
  #connectedTo: PeerAddress | undefined;
  #receiveBufferBytes = 0;

  bind(_options: unknown, done: () => void): void {
    if (this.bindError !== undefined) this.emit('error', this.bindError);
    else done();
  }

  address(): { address: string; port: number; family: string } {
    return { address: '127.0.0.1', port: 4000, family: 'IPv4' };
  }

  send(bytes: Uint8Array, ...rest: unknown[]): void {
    if (this.sendFault !== undefined) throw this.sendFault;
    const callback = rest.find((argument) => typeof argument === 'function');
    const [port, address] = rest;
    const to =
      typeof port === 'number' && typeof address === 'string' ? { port, address } : undefined;
    if ((to === undefined) !== (this.#connectedTo !== undefined)) throw new Error('wrong form');
    this.sent.push({ bytes, to, hasCallback: callback !== undefined });
    this.queueCount = this.queueCountAfter(this.sent.length);
    if (callback !== undefined) (callback as (error: Error | null) => void)(this.sendError);
  }

  connect(port: number, address: string): void {
    this.#connectedTo = { port, address };
  }

  remoteAddress(): PeerAddress {
    if (this.#connectedTo === undefined) throw new Error('not connected');
    return this.#connectedTo;
  }

  disconnect(): void {
    this.#connectedTo = undefined;
  }

  getSendQueueCount(): number {
    return this.queueCount;
  }

  setRecvBufferSize(byteCount: number): void {
    if (byteCount > this.bufferLimitBytes) throw new Error('ENOBUFS');
    this.#receiveBufferBytes = byteCount;
  }

  setSendBufferSize(byteCount: number): void {
    if (byteCount > this.bufferLimitBytes) throw new Error('ENOBUFS');
  }

  getRecvBufferSize(): number {
    return this.#receiveBufferBytes;
  }

  close(done?: () => void): void {
    this.isClosed = true;
    done?.();
  }

  receive(count: number, from: PeerAddress = { address: '127.0.0.1', port: 5000 }): void {
    for (let index = 0; index < count; index++) {
      this.emit('message', new Uint8Array([index]), { ...from });
    }
  }
}

/** A port on a fake socket. */
export async function fakePort(socket: FakeSocket, loop: FakeLoop): Promise<UdpPort> {
  const createSocket = (): dgram.Socket => socket as unknown as dgram.Socket;
  return UdpPort.bind({ host: '127.0.0.1', port: 0, createSocket, timers: loop });
}

/** A transport that sends what it is told to, and notes what it is given. */
export class FakeTransport implements Transport {
  toSendCount = 0;
  to: PeerAddress = { address: '127.0.0.1', port: 5000 };
  timeoutAtUs: number = Infinity;
  readonly events: TransportEvent[] = [];
  readonly received: { readonly from: PeerAddress; readonly nowUs: number }[] = [];
  readonly timeoutsAtUs: number[] = [];
  readonly transmitTimesUs: number[] = [];
  #sentCount = 0;
  #lastUs = 0;

  handleDatagram(_datagram: Uint8Array, from: PeerAddress, nowUs: number): void {
    this.see(nowUs);
    this.received.push({ from, nowUs });
  }

  handleTimeout(nowUs: number): void {
    this.see(nowUs);
    this.timeoutsAtUs.push(nowUs);
    this.timeoutAtUs = Infinity;
  }

  pollTransmit(transmit: Transmit, nowUs: number): boolean {
    this.see(nowUs);
    if (this.toSendCount === 0) return false;
    this.toSendCount--;
    this.transmitTimesUs.push(nowUs);
    transmit.buffer.fill(++this.#sentCount % 256, 0, 8);
    transmit.length = 8;
    transmit.to = this.to;
    return true;
  }

  nextTimeoutUs(): number {
    return this.timeoutAtUs;
  }

  pollEvent(): TransportEvent | undefined {
    return this.events.shift();
  }

  /** A command. Time that goes back is a bug of the driver. */
  see(nowUs: number): void {
    if (nowUs < this.#lastUs) throw new Error('time went back');
    this.#lastUs = nowUs;
  }
}
