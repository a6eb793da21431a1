import type { Connection } from '../../../src/transfer/core/connection/connection.ts';
import { PacketWriter } from '../../../src/transfer/core/connection/packet-writer.ts';
import {
  encodeAck,
  encodeClose,
  encodeDataHeader,
  encodeMark,
  encodePathChallenge,
  encodePing,
  type MarkFields,
} from '../../../src/transfer/core/wire/codec.ts';
import { crcCheck } from '../../../src/transfer/core/wire/packet-check.ts';
import {
  DATA_HEADER_BYTES,
  PacketFlag,
  PacketType,
} from '../../../src/transfer/core/wire/packet.ts';

/** Packets that a peer of `connection` could have written, at the choice of a test. */
export class ForgedPackets {
  readonly #writer: PacketWriter;
  #ackSeq = 500;

  constructor(connection: Connection) {
    this.#writer = new PacketWriter(connection.localConnectionId, crcCheck);
  }

  data(number: number, offset: number, payload: Uint8Array, isFin = false): Uint8Array {
    const flags = PacketFlag.ackNow | (isFin ? PacketFlag.fin : 0);
    return this.#packet(PacketType.data, flags, number, (buffer, at) => {
      encodeDataHeader(buffer, at, number, offset);
      buffer.set(payload, at + DATA_HEADER_BYTES);
      return at + DATA_HEADER_BYTES + payload.length;
    });
  }

  ping(number: number): Uint8Array {
    return this.#packet(PacketType.ping, PacketFlag.ackNow, number, (buffer, at) =>
      encodePing(buffer, at, number),
    );
  }

  pathChallenge(number: number): Uint8Array {
    return this.#packet(PacketType.pathChallenge, 0, number, (buffer, at) =>
      encodePathChallenge(buffer, at, number, new Uint8Array(8)),
    );
  }

  mark(fields: MarkFields): Uint8Array {
    return this.#packet(PacketType.mark, 0, 0, (buffer, at) => encodeMark(buffer, at, fields));
  }

  /** Acknowledges [start, end). */
  ack(start: number, end: number, creditOffset: number): Uint8Array {
    const ackSeq = this.#ackSeq++;
    const fields = {
      ackSeq,
      largest: end - 1,
      ackDelayUs: 0,
      receivedAtUs: 0,
      creditOffset,
      receivedCount: 1,
      socketShareBytes: 100_000,
    };
    const ranges = {
      forEachDescending: (visit: (from: number, to: number) => boolean): void => {
        visit(start, end);
      },
    };
    return this.#packet(PacketType.ack, 0, ackSeq, (buffer, at) =>
      encodeAck(buffer, at, 1200, fields, ranges),
    );
  }

  close(code: number, reason: string): Uint8Array {
    return this.#packet(PacketType.close, 0, 0, (buffer, at) =>
      encodeClose(buffer, at, code, reason),
    );
  }

  /** A packet without body. */
  bare(type: PacketType): Uint8Array {
    return this.#packet(type, 0, 0, (_, at) => at);
  }

  #packet(
    type: PacketType,
    flags: number,
    number: number,
    writeBody: (buffer: Uint8Array, at: number) => number,
  ): Uint8Array {
    const buffer = new Uint8Array(2_000);
    this.#writer.begin(buffer, type, flags);
    const length = writeBody(buffer, this.#writer.bodyAt);
    this.#writer.complete(buffer, length, number);
    return buffer.slice(0, length);
  }
}
