import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PacketWriter } from '../../../../../src/transfer/core/connection/packet-writer.ts';
import { SendStream } from '../../../../../src/transfer/core/connection/sending/send-stream.ts';
import { Sender } from '../../../../../src/transfer/core/connection/sending/sender.ts';
import { controllers } from '../../../../../src/transfer/core/congestion/registry.ts';
import { Path } from '../../../../../src/transfer/core/path/path.ts';
import { DecodedAck } from '../../../../../src/transfer/core/wire/codec.ts';
import { crcCheck } from '../../../../../src/transfer/core/wire/packet-check.ts';

const PACKETS = 40;
const FIRST = 2 ** 32 - 20;
const SENT_AT_US = 1_000;
const ADDRESS = { address: 'b', port: 1 };
const random = (): number => 0.5;

/** A sender with everything in flight, and where each packet's bytes end. */
function sentAll(): { sender: Sender; stream: SendStream; payloadBytes: number } {
  const options = { datagramBytes: 1_200, windowPackets: PACKETS, random };
  const path = new Path(ADDRESS, controllers.fixed(options));
  const writer = new PacketWriter(7, crcCheck);
  const stream = new SendStream(1e9);
  const sender = new Sender(path, writer, stream, FIRST, random);
  const buffer = new Uint8Array(1_200);
  const payloadBytes = 1_200 - writer.bodyAt - 10;
  stream.write(new Uint8Array(PACKETS * payloadBytes));
  for (let count = 0; count < PACKETS; count++) sender.pollData(buffer, SENT_AT_US);
  expect(sender.packetsInFlight).toBe(PACKETS);
  return { sender, stream, payloadBytes };
}

/** An ACK of these packets, newest first. */
function ackOf(ackSeq: number, packets: readonly number[]): DecodedAck {
  const ack = new DecodedAck();
  const newestFirst = [...packets].sort((one, other) => other - one);
  ack.ackSeq = ackSeq;
  ack.largest = FIRST + newestFirst[0]!;
  ack.rangeCount = newestFirst.length;
  for (const [index, packet] of newestFirst.entries()) {
    ack.rangeStarts[index] = FIRST + packet;
    ack.rangeEnds[index] = FIRST + packet + 1;
  }
  return ack;
}

test('ACKs in any order, each as often as it likes, leave the same bytes acknowledged', () => {
  const packets = fc.uniqueArray(fc.nat(PACKETS - 1), { minLength: 1, maxLength: 12 });
  const trace = fc.array(packets, { minLength: 1, maxLength: 12 }).chain((acks) => {
    const orders = fc.array(fc.nat(acks.length - 1), { maxLength: 30 });
    return fc.record({ acks: fc.constant(acks), order: orders });
  });
  fc.assert(
    fc.property(trace, ({ acks, order }) => {
      const { sender, stream, payloadBytes } = sentAll();
      // Whatever came twice or never: at last each has come.
      for (const index of [...order, ...acks.keys()]) {
        expect(sender.handleAck(ackOf(index, acks[index]!), SENT_AT_US + 500)).toBe(true);
        sender.audit();
      }
      const acked = new Set(acks.flat());
      let edge = 0;
      while (acked.has(edge)) edge++;
      expect(stream.acknowledged).toBe(edge * payloadBytes);
      // What was not acknowledged is in flight or queued, and nothing else is.
      const buffer = new Uint8Array(1_200);
      let queuedCount = 0;
      while (sender.hasData && sender.pollData(buffer, SENT_AT_US + 600) > 0) queuedCount++;
      expect(queuedCount).toBe(stream.retransmittedBytes / payloadBytes);
      expect(sender.packetsInFlight).toBe(PACKETS - acked.size);
    }),
    { numRuns: 200 },
  );
});
