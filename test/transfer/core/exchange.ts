import assert from 'node:assert/strict';
import { Connection } from '../../../src/transfer/core/connection/connection.ts';
import {
  Endpoint,
  type EndpointConfig,
  type PeerAddress,
  plainIntroduction,
  type Transmit,
  type TransportEvent,
} from '../../../src/transfer/core/index.ts';
import { decodeHeader } from '../../../src/transfer/core/wire/codec.ts';
import type { PacketType } from '../../../src/transfer/core/wire/packet.ts';

export const KEY_ID = '00112233445566aa';
export const SECOND_US = 1_000_000;
/** Steps of one `run` without which it is taken for endless. */
const MAX_STEPS = 200_000;

/** One datagram on its way. */
export interface Letter {
  readonly bytes: Uint8Array;
  readonly from: Side;
  readonly to: PeerAddress;
  readonly sentAtUs: number;
}

/** One endpoint of an exchange, its address, what it was told and what it sent. */
export class Side {
  readonly endpoint: Endpoint;
  readonly address: PeerAddress;
  readonly events: TransportEvent[] = [];
  readonly sent: Letter[] = [];

  constructor(config: Partial<EndpointConfig>, address: PeerAddress) {
    let seed = address.port;
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    this.endpoint = new Endpoint({ random, controller: 'cubic', ...config });
    this.address = address;
  }

  /** The connection that opened last. */
  get connection(): Connection {
    const opened = this.events.findLast((event) => event.type === 'opened');
    assert(opened?.connection instanceof Connection, 'a connection was opened');
    return opened.connection;
  }

  typesOf(): string[] {
    return this.events.map((event) => event.type);
  }

  sentOf(type: PacketType): Letter[] {
    return this.sent.filter(({ bytes }) => decodeHeader(bytes)?.type === type);
  }
}

/** Two endpoints and what lies between them: every datagram takes `delayUs`, unless it is dropped. */
export class Exchange {
  nowUs: number = SECOND_US;
  delayUs = 10_000;
  readonly a: Side;
  readonly b: Side;
  /** True for what never arrives. */
  drops: (letter: Letter) => boolean = () => false;
  readonly #onTheWay: Letter[] = [];
  readonly #transmit: Transmit = {
    buffer: new Uint8Array(2_000),
    length: 0,
    to: { address: '', port: 0 },
  };

  constructor(config: Partial<EndpointConfig> = {}, bConfig: Partial<EndpointConfig> = config) {
    this.a = new Side(config, { address: '10.0.0.1', port: 1001 });
    this.b = new Side(bConfig, { address: '10.0.0.2', port: 1002 });
  }

  /** An open connection from a to b, nothing on its way. */
  static opened(
    config: Partial<EndpointConfig> = {},
    bConfig: Partial<EndpointConfig> = config,
  ): Exchange {
    const exchange = new Exchange(config, bConfig);
    exchange.open();
    exchange.run(SECOND_US / 2);
    return exchange;
  }

  /** b expects a, a opens; returns a's handle. */
  open(keyId: string = KEY_ID): number {
    const introduction = plainIntroduction(keyId);
    assert(this.b.endpoint.expect(introduction, this.nowUs), 'there is room to expect');
    return this.a.endpoint.open(introduction, [this.b.address], this.nowUs);
  }

  /** Hands `bytes` to `side` now, as if they came from `from`. */
  deliver(bytes: Uint8Array, side: Side, from: PeerAddress): void {
    side.endpoint.handleDatagram(bytes.slice(), from, this.nowUs);
    this.drain();
  }

  /** All that both sides want to send and tell now. */
  drain(): void {
    for (const side of [this.a, this.b]) {
      while (side.endpoint.pollTransmit(this.#transmit, this.nowUs)) {
        const { buffer, length, to } = this.#transmit;
        const letter = { bytes: buffer.slice(0, length), from: side, to, sentAtUs: this.nowUs };
        side.sent.push(letter);
        if (!this.drops(letter)) this.#onTheWay.push(letter);
      }
      for (;;) {
        const event = side.endpoint.pollEvent();
        if (event === undefined) break;
        side.events.push(event);
      }
    }
  }

  /** Lets so much time pass. */
  run(durationUs: number): void {
    const endUs = this.nowUs + durationUs;
    this.drain();
    for (let stepCount = 0; ; stepCount++) {
      assert(stepCount < MAX_STEPS, 'an exchange comes to rest');
      const first = this.#onTheWay[0];
      const arrivalUs = first === undefined ? Infinity : first.sentAtUs + this.delayUs;
      const timeoutUs = Math.min(this.a.endpoint.nextTimeoutUs(), this.b.endpoint.nextTimeoutUs());
      const nextUs = Math.min(arrivalUs, timeoutUs);
      if (nextUs > endUs) break;
      this.nowUs = Math.max(this.nowUs, nextUs);
      if (first !== undefined && arrivalUs <= nextUs) {
        this.#onTheWay.shift();
        const to = [this.a, this.b].find((side) => side.address.port === first.to.port);
        to?.endpoint.handleDatagram(first.bytes, first.from.address, this.nowUs);
      } else {
        this.a.endpoint.handleTimeout(this.nowUs);
        this.b.endpoint.handleTimeout(this.nowUs);
      }
      this.drain();
    }
    this.nowUs = endUs;
  }
}

/** Reads all that can be read now. */
export function readAll(connection: Connection): Uint8Array {
  const parts: number[] = [];
  for (;;) {
    const view = connection.peek();
    if (view.length === 0) return Uint8Array.from(parts);
    parts.push(...view);
    connection.consume(view.length);
  }
}

/** Bytes of a known stream. */
export function content(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8) * 13) & 255);
}
