import assert from 'node:assert/strict';
import { isIPv4, SocketAddress } from 'node:net';
import { crc32 } from '../../core/index.ts';
import { X25519_BYTES } from '../../secure/noise/x25519.ts';
import { SECRET_BYTES } from '../../secure/sealed-introduction.ts';

/** What somebody needs to send without an introduction. */
export interface Ticket {
  /** 32 bytes, of this ticket alone. */
  readonly secret: Uint8Array;
  /** The receiver's static key: 32 bytes. */
  readonly receiverKey: Uint8Array;
  readonly port: number;
  /** Of the receiver's machine, the likeliest first: 1 to 4 IP literals. */
  readonly addresses: readonly string[];
}

/** Also the version of what follows it. */
const PREFIX = 'upd1';
/** As many as an opener tries. */
export const MAX_TICKET_ADDRESSES = 4;
const PORT_AT = SECRET_BYTES + X25519_BYTES;
const ADDRESSES_AT = PORT_AT + 2;
const CHECKSUM_BYTES = 4;
const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
const IPV6_GROUPS = 8;
const MAX_BYTES = ADDRESSES_AT + MAX_TICKET_ADDRESSES * (1 + IPV6_BYTES) + CHECKSUM_BYTES;
const MAX_CHARACTERS = PREFIX.length + Math.ceil((MAX_BYTES * 4) / 3);

/**
 * A ticket as one word: `upd1`, then in base64url
 *
 * ```
 *  secret 32 · receiver's key 32 · port u16 · 1 to 4 times (4 · IPv4 4 | 6 · IPv6 16) · CRC-32 of all before
 * ```
 */
export function encodeTicket({ secret, receiverKey, port, addresses }: Ticket): string {
  assert(secret.length === SECRET_BYTES, 'the secret of a ticket is 32 bytes');
  assert(receiverKey.length === X25519_BYTES, 'the key of a receiver is 32 bytes');
  assert(addresses.length >= 1 && addresses.length <= MAX_TICKET_ADDRESSES, 'a ticket says where');
  const body = Buffer.concat([
    secret,
    receiverKey,
    Uint8Array.of(port >>> 8, port),
    ...addresses.map(addressBytes),
  ]);
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32BE(checksumOf(body));
  return PREFIX + Buffer.concat([body, checksum]).toString('base64url');
}

/** Undefined for what is no ticket, or one with a typo. One word stands for one ticket only. */
export function decodeTicket(text: string): Ticket | undefined {
  if (!text.startsWith(PREFIX) || text.length > MAX_CHARACTERS) return undefined;
  const digits = text.slice(PREFIX.length);
  const bytes = Buffer.from(digits, 'base64url');
  // The decoder of Node skips what is no digit.
  if (bytes.toString('base64url') !== digits) return undefined;
  const end = bytes.length - CHECKSUM_BYTES;
  if (end <= ADDRESSES_AT) return undefined;
  const body = bytes.subarray(0, end);
  if (bytes.readUInt32BE(end) !== checksumOf(body)) return undefined;
  const port = body.readUInt16BE(PORT_AT);
  const addresses = readAddresses(body.subarray(ADDRESSES_AT));
  if (port === 0 || addresses === undefined) return undefined;
  return {
    secret: Uint8Array.from(body.subarray(0, SECRET_BYTES)),
    receiverKey: Uint8Array.from(body.subarray(SECRET_BYTES, PORT_AT)),
    port,
    addresses,
  };
}

/**
 * The same ticket with its receiver at another place: for whoever passes on what is sent there. Throws a
 * `TypeError` when it is none.
 */
export function reroutedTicket(text: string, address: string, port: number): string {
  const ticket = decodeTicket(text);
  if (ticket === undefined) throw new TypeError('the ticket is not valid');
  return encodeTicket({ ...ticket, port, addresses: [address] });
}

/** Also of the prefix, so that no other version has it. */
function checksumOf(body: Uint8Array): number {
  const all = Buffer.concat([Buffer.from(PREFIX), body]);
  return crc32(all, 0, all.length);
}

function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.of(4, ...address.split('.').map(Number));
  const [head, tail] = canonicalIPv6(address).split('::') as [string, string?];
  const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const zeros = Array<string>(IPV6_GROUPS - before.length - after.length).fill('0');
  const groups = [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
  return Uint8Array.of(6, ...groups.flatMap((group) => [group >>> 8, group & 0xff]));
}

function readAddresses(bytes: Buffer): string[] | undefined {
  const addresses: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const family = bytes[at]!;
    if (family !== 4 && family !== 6) return undefined;
    const end = at + 1 + (family === 4 ? IPV4_BYTES : IPV6_BYTES);
    if (end > bytes.length || addresses.length === MAX_TICKET_ADDRESSES) return undefined;
    const raw = bytes.subarray(at + 1, end);
    addresses.push(family === 4 ? raw.join('.') : ipv6Text(raw));
    at = end;
  }
  return addresses;
}

function ipv6Text(raw: Buffer): string {
  const groups = Array.from({ length: IPV6_GROUPS }, (_, index) => raw.readUInt16BE(2 * index));
  return canonicalIPv6(groups.map((group) => group.toString(16)).join(':'));
}

/** As the system writes it; what ends like an IPv4 address is written with groups instead. */
function canonicalIPv6(address: string): string {
  const text = new SocketAddress({ address, family: 'ipv6' }).address;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (dotted === null) return text;
  const [a, b, c, d] = dotted.slice(2).map(Number) as [number, number, number, number];
  const groups = [(a << 8) | b, (c << 8) | d].map((group) => group.toString(16));
  return `${dotted[1]!}${groups.join(':')}`;
}
