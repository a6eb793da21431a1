import assert from 'node:assert/strict';
import {
  decodeTicket,
  encodeTicket,
  MAX_TICKET_ADDRESSES,
} from '../../../src/transfer/io/ticket/ticket-text.ts';
import { crc32ByPackage } from '../../../src/transfer/core/wire/checksum.ts';
import { type FuzzTarget, tokens } from '../target.ts';

const secret = Uint8Array.from({ length: 32 }, (_, index) => index);
const receiverKey = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);

const words = [
  ['127.0.0.1'],
  ['::'],
  ['192.0.2.1', '2001:db8::1'],
  ['1:2:3:4:5:6:7:8', '::ffff:c000:201', '255.255.255.255', '0.0.0.0'],
].map((addresses) => encodeTicket({ secret, receiverKey, port: 6000, addresses }));

/** What somebody has typed or pasted for a ticket. */
const ticket: FuzzTarget = {
  name: 'ticket',
  maxInputBytes: 400,
  seeds: () => tokens(...words),
  dictionary: tokens('upd1', 'upd2', '-', '_', '=', ' ', '\n'),
  run: (input) => {
    const text = Buffer.from(input).toString('utf8');
    const read = decodeTicket(text);
    if (read === undefined) return 'none';
    const { addresses, port } = read;
    assert(
      addresses.length >= 1 && addresses.length <= MAX_TICKET_ADDRESSES,
      'a ticket says where',
    );
    assert(port >= 1 && port <= 65_535, 'a port is one');
    assert(encodeTicket(read) === text, 'one word stands for one ticket');
    return `read ${addresses.length}`;
  },
};

/** The same behind the checksum, which chance never gets right. */
const ticketBody: FuzzTarget = {
  name: 'ticket-body',
  maxInputBytes: 200,
  seeds: () => words.map((word) => Buffer.from(word.slice(4), 'base64url').subarray(0, -4)),
  dictionary: [Uint8Array.of(4), Uint8Array.of(6)],
  run: (input) => ticket.run(Buffer.from(withChecksum(input))),
};

function withChecksum(body: Uint8Array): string {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(
    crc32ByPackage(Buffer.concat([Buffer.from('upd1'), body]), 0, 4 + body.length),
  );
  return `upd1${Buffer.concat([body, checksum]).toString('base64url')}`;
}

export const ticketTargets: readonly FuzzTarget[] = [ticket, ticketBody];
