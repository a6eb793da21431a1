import { fork } from 'node:child_process';

/** Kernel's cost of a queued datagram beside its bytes, and the largest window worth having. */
const KERNEL_OVERHEAD_BYTES = 900;
const MAX_WINDOW_DATAGRAMS = 1_024;
const IP_AND_UDP_BYTES = 28;
/** A run that takes longer has gone wrong. */
const MAX_RUN_MS = 60_000;

/** What the receiving process tells: first where it listens, then what came. */
interface Ready {
  readonly port: number;
  readonly receiveBufferBytes: number;
}

interface Result {
  readonly receivedCount: number;
  readonly bytes: number;
  readonly elapsedMs: number;
  /** CPU time of the receiving process, user and system. */
  readonly cpuUs: number;
}

/** What a run prints. */
export interface Rate {
  /** 10^6 bytes a second, received. */
  readonly mbPerSec: number;
  readonly lostShare: number;
  /** CPU time a datagram that arrived, user and system; a busy machine disturbs it less. */
  readonly sendCpuUs: number;
  readonly receiveCpuUs: number;
}

export interface Sizes {
  readonly datagramBytes: number;
  /** Datagrams to send. */
  readonly count: number;
}

/** `[datagram bytes] [MiB]` from the command line; 1400 and 256 by default. */
export function sizesFromArguments(): Sizes {
  const datagramBytes = Number(process.argv[2] ?? 1400);
  const mebibytes = Number(process.argv[3] ?? 256);
  return { datagramBytes, count: Math.ceil((mebibytes * 2 ** 20) / datagramBytes) };
}

export const GIB: number = 2 ** 30;

/** What an endpoint is told of its datagrams: so many bytes of UDP payload over IPv4, or `auto`. */
export function datagramOption(datagramBytes: string): { readonly mtuBytes?: number } {
  return datagramBytes === 'auto' ? {} : { mtuBytes: Number(datagramBytes) + IP_AND_UDP_BYTES };
}

/** False in the receiving process, which `runPair` starts. */
export function isMainProcess(): boolean {
  return process.send === undefined || process.env['UPDRAFT_BENCH_ROLE'] !== 'receive';
}

/** Datagrams in flight that fill a third of the receive buffer: nothing is lost in it. */
export function windowDatagrams(receiveBufferBytes: number, datagramBytes: number): number {
  const third = receiveBufferBytes / 3 / (datagramBytes + KERNEL_OVERHEAD_BYTES);
  return Math.max(2, Math.min(MAX_WINDOW_DATAGRAMS, Math.floor(third)));
}

/**
 * Starts `script` once more as the receiver, sends to it, and prints what it received as one line of
 * JSON. `send` returns how to end the sender.
 */
export async function runPair(
  script: string,
  send: (port: number, receiveBufferBytes: number) => () => void | Promise<void>,
): Promise<void> {
  const { count } = sizesFromArguments();
  const receiver = fork(script, process.argv.slice(2), {
    env: { ...process.env, UPDRAFT_BENCH_ROLE: 'receive' },
  });
  const alarm = setTimeout(() => receiver.kill(), MAX_RUN_MS);
  let endSender: () => void | Promise<void> = () => undefined;
  const result = await new Promise<Result | undefined>((resolve) => {
    receiver.on('exit', () => {
      resolve(undefined);
    });
    receiver.on('message', (message: Ready | Result) => {
      if ('port' in message) {
        startCpu();
        endSender = send(message.port, message.receiveBufferBytes);
      } else resolve(message);
    });
  });
  clearTimeout(alarm);
  await endSender();
  receiver.kill();
  if (result === undefined) throw new Error('the receiver ended without a result');
  const perDatagram = 1 / result.receivedCount;
  const rate: Rate = {
    mbPerSec: result.bytes / result.elapsedMs / 1000,
    lostShare: 1 - result.receivedCount / count,
    sendCpuUs: cpuUs() * perDatagram,
    receiveCpuUs: result.cpuUs * perDatagram,
  };
  console.log(JSON.stringify(rate));
}

/** CPU time of this process since `startCpu`. */
export function cpuUs(): number {
  const { user, system } = process.cpuUsage(cpuAtStart);
  return user + system;
}

let cpuAtStart = process.cpuUsage();

/** From now on `cpuUs` counts: the program is loaded. */
export function startCpu(): void {
  cpuAtStart = process.cpuUsage();
}
