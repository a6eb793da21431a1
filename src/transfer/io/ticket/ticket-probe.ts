import { isIPv6 } from 'node:net';
import {
  CloseCode,
  type CloseReason,
  type OpenOptions,
  type TransportConnection,
  type TransportIntroduction,
} from '../../core/index.ts';
import type { SocketAddress } from '../../files/transfer.ts';
import { X25519KeyPair } from '../../secure/noise/x25519.ts';
import { TAG_BYTES } from '../../secure/tag/tag-hash.ts';
import { systemTimers } from '../clock.ts';
import { transportIntroduction } from './introductions.ts';
import { type IntroducedPeer, introducedPeer } from './send-target.ts';
import { type ConnectionUser, SocketEngine } from '../udp/socket-engine.ts';
import type { OpeningCounts } from '../transfer-endpoint.ts';
import { type CreateSocket, UdpPort } from '../udp/udp-port.ts';

/** How long an address may be silent. OPEN goes out after 0, 250, 750, 1,750 and 3,750 ms. */
export const PROBE_OPEN_MS = 5_000;
/** Between two pings of the series: loss that comes in bursts has more than one chance. */
const PING_INTERVAL_MS = 20;
/** Pings of the series. */
export const PING_COUNT = 50;
/** Longest that the search for the largest datagram is waited for; a size that is lost takes 3 s. */
const MAX_SEARCH_MS = 8_000;
/** What is asked last is answered after so many probe timeouts of its path, or lost. */
const LAST_ANSWER_PTO_COUNT = 3;
const MAX_LAST_ANSWER_MS = 3_000;
/** For the receiver to hear that the connection has ended; else it ends it by itself. */
const MAX_LEAVE_MS = 300;
const LEAVE_POLL_MS = 20;
const DATAGRAM_BYTES = 1_200;

/** Of an address that answered. */
export interface ProbeAnswer {
  readonly minRttMs: number;
  readonly smoothedRttMs: number;
  readonly sentCount: number;
  readonly lostCount: number;
  /** Largest datagram that arrived, UDP payload. */
  readonly datagramBytes: number;
  /** Nothing larger passes, or is taken by either side; false when the search took too long. */
  readonly isLargest: boolean;
}

/** What became of one address of a ticket. */
export interface AddressProbe {
  readonly address: SocketAddress;
  /** `broken`: it answered, and was gone in the series. */
  readonly outcome: 'answered' | 'silent' | 'version' | 'busy' | 'broken' | 'no-socket';
  readonly answer?: ProbeAnswer;
  /** What went there in vain; of an address that is silent. */
  readonly sent?: OpeningCounts;
}

export interface ProbeOptions {
  readonly createSocket?: CreateSocket;
  /** Of the series; default `PING_COUNT`. */
  readonly pingCount?: number;
  /** How long an address may be silent; default `PROBE_OPEN_MS`. */
  readonly openMs?: number;
  /** Ends it early; the outcome is `broken` then. */
  readonly signal?: AbortSignal;
}

/**
 * Asks at each address of a ticket whether its receiver answers, at the same time: opens a connection, as a
 * sender does, asks for a short series of answers and for the largest datagram, and leaves before it has
 * offered anything. The receiver shows nothing of it. Rejects with a `TypeError` when it is no ticket.
 */
export async function probeTicket(
  ticket: string,
  options: ProbeOptions = {},
): Promise<AddressProbe[]> {
  const { addresses, introduction } = introducedPeer({ ticket });
  const sealed = transportIntroduction(introduction, X25519KeyPair.generate());
  if (sealed === undefined) throw new TypeError('the ticket is not valid');
  const target = { introduction: sealed, open: { isTicket: true } };
  return Promise.all(addresses.map((address) => probeAddress(address, target, options)));
}

/**
 * The same under an introduction, whose key is used up by it: asks at the first address, as the one whose
 * private key this is. What goes there in vain is counted, to be compared.
 */
export async function probeIntroduced(
  { introduction, addresses: [address] }: Pick<IntroducedPeer, 'introduction' | 'addresses'>,
  privateKey: Uint8Array,
  options: ProbeOptions = {},
): Promise<AddressProbe> {
  const sealed = transportIntroduction(introduction, X25519KeyPair.fromPrivate(privateKey));
  if (sealed === undefined || address === undefined) {
    throw new TypeError('the introduction is not valid');
  }
  const target = { introduction: sealed, open: { isCompared: true } };
  return probeAddress(address, target, options);
}

/** Under what is opened, and how. */
interface ProbeTarget {
  readonly introduction: TransportIntroduction;
  readonly open: OpenOptions;
}

async function probeAddress(
  address: SocketAddress,
  { introduction, open }: ProbeTarget,
  { createSocket, openMs = PROBE_OPEN_MS, pingCount = PING_COUNT, signal }: ProbeOptions,
): Promise<AddressProbe> {
  let port: UdpPort;
  try {
    const host = isIPv6(address.address) ? '::' : '0.0.0.0';
    port = await UdpPort.bindFree({ host, ...(createSocket && { createSocket }) });
  } catch {
    return { address, outcome: 'no-socket' };
  }
  const engine = new SocketEngine({
    port,
    config: {
      controller: 'bbr',
      // Given up below, where its notes can still be read.
      openTimeoutUs: 2 * openMs * 1000,
      datagramBytes: DATAGRAM_BYTES,
      tagBytes: TAG_BYTES,
    },
    onIncoming: () => undefined,
    onTurn: () => undefined,
  });
  let cancelGiveUp: () => void = () => undefined;
  try {
    return await new Promise<AddressProbe>((resolve) => {
      const probing = new Probing(address, engine, pingCount, resolve);
      const handle = engine.open(introduction, [address], probing, open);
      cancelGiveUp = systemTimers.after(openMs, () => {
        const notes = engine.openingNotes(introduction.keyId);
        if (notes?.sent === undefined) return;
        const { openCount, scoutCount } = notes.sent;
        engine.abandon(handle);
        resolve({ address, outcome: 'silent', sent: { openCount, scoutCount } });
      });
      const leave = (): void => {
        engine.abandon(handle);
        probing.leave();
        resolve({ address, outcome: 'broken' });
      };
      if (signal?.aborted === true) leave();
      signal?.addEventListener('abort', leave);
    });
  } finally {
    cancelGiveUp();
    for (let waitedMs = 0; waitedMs < MAX_LEAVE_MS; waitedMs += LEAVE_POLL_MS) {
      if (engine.connectionCount === 0) break;
      await new Promise<void>((resolve) => systemTimers.after(LEAVE_POLL_MS, resolve));
    }
    await engine.close();
  }
}

/** The user of one such connection, from its opening to its last answer. */
class Probing implements ConnectionUser {
  readonly #address: SocketAddress;
  readonly #engine: SocketEngine;
  readonly #pingCount: number;
  readonly #resolve: (probe: AddressProbe) => void;
  #connection: TransportConnection | undefined;
  #sentCount = 0;
  #waitedMs = 0;
  #isSearching = true;

  constructor(
    address: SocketAddress,
    engine: SocketEngine,
    pingCount: number,
    resolve: (probe: AddressProbe) => void,
  ) {
    this.#address = address;
    this.#engine = engine;
    this.#pingCount = pingCount;
    this.#resolve = resolve;
  }

  onOpened(connection: TransportConnection): void {
    this.#connection = connection;
    this.#next();
  }

  onReadable(): void {
    // A receiver says nothing before it was offered something.
  }

  onWritable(): void {
    // Nothing is written.
  }

  onStalled(): void {
    // The series ends by itself.
  }

  onResumed(): void {
    // See `onStalled`.
  }

  onClosed({ code, byPeer }: CloseReason): void {
    systemTimers.soon(() => {
      const address = this.#address;
      if (code === CloseCode.version) this.#resolve({ address, outcome: 'version' });
      else if (code === CloseCode.busy && byPeer) this.#resolve({ address, outcome: 'busy' });
      else if (this.#connection === undefined) this.#resolve({ address, outcome: 'silent' });
      else this.#resolve({ address, outcome: 'broken' });
    });
  }

  /** Before its end; nothing is said of it. */
  leave(): void {
    this.#connection?.close(CloseCode.cancelled, 'this was a probe');
    this.#engine.wake();
  }

  readonly #next = (): void => {
    const connection = this.#connection!;
    if (connection.isClosed) return;
    const isSearchOver = !this.#isSearching || this.#waitedMs >= MAX_SEARCH_MS;
    if (this.#sentCount >= this.#pingCount && isSearchOver) {
      const waitMs = (LAST_ANSWER_PTO_COUNT * connection.stats.probeTimeoutUs) / 1000;
      systemTimers.after(Math.ceil(Math.min(waitMs, MAX_LAST_ANSWER_MS)), this.#end);
      return;
    }
    this.#isSearching = connection.probeMtu();
    connection.ping();
    this.#sentCount++;
    this.#engine.wake();
    this.#waitedMs += PING_INTERVAL_MS;
    systemTimers.after(PING_INTERVAL_MS, this.#next);
  };

  readonly #end = (): void => {
    const connection = this.#connection!;
    if (connection.isClosed) return;
    const { minRttUs, smoothedRttUs, packetsLostCount, datagramBytes } = connection.stats;
    this.leave();
    this.#resolve({
      address: this.#address,
      outcome: 'answered',
      answer: {
        minRttMs: minRttUs / 1000,
        smoothedRttMs: smoothedRttUs / 1000,
        sentCount: this.#sentCount,
        lostCount: Math.min(packetsLostCount, this.#sentCount),
        datagramBytes,
        isLargest: !this.#isSearching,
      },
    });
  };
}
