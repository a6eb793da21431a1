import { isIPv6 } from 'node:net';
import {
  createEndpoint,
  type EndpointOptions,
  readTicket,
  type Transfer,
  type TransferLimit,
} from '../transfer/index.ts';
import { reroutedTicket } from '../transfer/diagnosis.ts';
import { BENCH_NAME, BenchContent, type RunLength, takeBench } from './bench-content.ts';
import type { LinkReport } from './emulated-link.ts';
import type { LinkProfile } from './link-profile.ts';
import { startLinkThread } from './link-thread.ts';

const LOOPBACK = '127.0.0.1';

export interface RunOptions {
  readonly length: RunLength;
  /** Of a receiver elsewhere; undefined makes one here. */
  readonly ticket: string | undefined;
  /** What lies between; undefined is what lies there by itself. */
  readonly link: LinkProfile | undefined;
  /** Of the sending side. */
  readonly engine: Partial<EndpointOptions>;
  /** A transfer has begun. */
  readonly onStart: (transfer: Transfer) => void;
  /** What still answers the other side for a while; to be waited for at the end of all runs. */
  readonly closing: Promise<void>[];
}

/** One transfer, as it was measured. */
export interface BenchRun {
  readonly bytes: number;
  /** From the open connection to the last byte, verified. */
  readonly elapsedMs: number;
  readonly retransmittedBytes: number;
  readonly packetsLostCount: number;
  readonly limit: TransferLimit | undefined;
  readonly linkReport: LinkReport | undefined;
}

export function bytesPerSecOf({ bytes, elapsedMs }: BenchRun): number {
  return (bytes * 1000) / elapsedMs;
}

/** Sends once, between endpoints that are made for it: no run knows the path from the one before. */
export async function runOnce(options: RunOptions): Promise<BenchRun> {
  const receiver =
    options.ticket === undefined ? await createEndpoint({ onOffer: takeBench }) : undefined;
  try {
    const ticket = options.ticket ?? receiver!.ticket();
    const { link } = options;
    if (link !== undefined) return await runThrough(link, ticket, options);
    const isFarV6 = isIPv6(readTicket(ticket)!.addresses[0]!.address);
    const host = receiver !== undefined ? LOOPBACK : isFarV6 ? '::' : '0.0.0.0';
    return { ...(await send(host, ticket, options, [])), linkReport: undefined };
  } finally {
    if (receiver !== undefined) options.closing.push(receiver.close());
  }
}

/** The same with an emulated link in front of the receiver. */
async function runThrough(
  profile: LinkProfile,
  ticket: string,
  options: RunOptions,
): Promise<BenchRun> {
  const { addresses } = readTicket(ticket)!;
  const isV6 = isIPv6(addresses[0]!.address);
  const farAddresses = addresses.filter(({ address }) => isIPv6(address) === isV6);
  const link = await startLinkThread({ profile, farAddresses });
  try {
    const rerouted = reroutedTicket(ticket, LOOPBACK, link.port);
    const sent = await send(LOOPBACK, rerouted, options, [link.failure]);
    return { ...sent, linkReport: await link.report() };
  } finally {
    link.end();
  }
}

/** `failures`: promises that end it when they reject. */
async function send(
  host: string,
  ticket: string,
  { engine, length, onStart, closing }: RunOptions,
  failures: readonly Promise<never>[],
): Promise<Omit<BenchRun, 'linkReport'>> {
  const endpoint = await createEndpoint({ ...engine, host });
  try {
    const stream = new BenchContent(length);
    const transfer = endpoint.send({ ticket, stream, name: BENCH_NAME });
    onStart(transfer);
    const result = await Promise.race([transfer.done, ...failures]);
    const { totalBytes, elapsedMs, retransmittedBytes, packetsLostCount, limit } = result;
    return { bytes: totalBytes, elapsedMs, retransmittedBytes, packetsLostCount, limit };
  } finally {
    closing.push(endpoint.close());
  }
}
