/**
 * How evenly the driver lets a paced rate leave, by timers of the event loop and by fine timers:
 * `tsx bench/loopback/pacing.ts [seconds]`. The pacer is the engine's own; what is sent goes to a
 * process that only counts it.
 */
import { fork } from 'node:child_process';
import dgram from 'node:dgram';
import { cpus } from 'node:os';
import { Pacer } from '../../src/transfer/core/congestion/pacer.ts';
import type { PeerAddress, Transmit, Transport } from '../../src/transfer/core/index.ts';
import { monotonicNowUs } from '../../src/transfer/io/clock.ts';
import { FineTimers } from '../../src/transfer/io/udp/fine-timers.ts';
import { TransportDriver } from '../../src/transfer/io/udp/transport-driver.ts';
import { UdpPort } from '../../src/transfer/io/udp/udp-port.ts';

const DATAGRAM_BYTES = 1_200;
const RATES_MBIT = [10, 100, 1_000];
/** How often each kind of timer lets the driver send, as the engine tells its pacer. */
const TICK_US = { timer: 2_000, fine: 500 };

function receive(): void {
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4_194_304 });
  socket.on('message', () => undefined);
  socket.bind(0, '127.0.0.1', () => process.send!(socket.address().port));
  process.on('disconnect', () => socket.close());
}

async function measureAll(seconds: number): Promise<void> {
  const env = { ...process.env, UPDRAFT_BENCH_ROLE: 'receive' };
  const receiver = fork(import.meta.filename, { env });
  const port = await new Promise<number>((resolve) => receiver.once('message', resolve));
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, ${seconds} s each`);
  console.log(
    'Mbit/s  by     rate kept  quanta over 1.25·rate·T  burst p50/p99/max  gap p50/p99/max ms  CPU',
  );
  for (const mbitPerSec of RATES_MBIT) {
    for (const by of ['timer', 'fine'] as const) {
      console.log(await measure({ address: '127.0.0.1', port }, mbitPerSec, by, seconds));
    }
  }
  receiver.disconnect();
}

/** Sends as much as its pacer lets leave, and notes when. */
class PacedBlast implements Transport {
  readonly sentAtUs: number[] = [];
  readonly #to: PeerAddress;
  readonly #bytesPerSec: number;
  readonly #pacer: Pacer;
  readonly #endUs: number;
  sleepUntilUs = Infinity;
  isDone = false;

  constructor(to: PeerAddress, bytesPerSec: number, tickUs: number, endUs: number) {
    this.#to = to;
    this.#bytesPerSec = bytesPerSec;
    this.#pacer = new Pacer(DATAGRAM_BYTES, { tickUs, sleepsBelowBytesPerSec: 0 });
    this.#endUs = endUs;
  }

  get quantumBytes(): number {
    return this.#pacer.quantumBytes;
  }

  pollTransmit(transmit: Transmit, nowUs: number): boolean {
    this.sleepUntilUs = Infinity;
    this.isDone = nowUs >= this.#endUs;
    if (this.isDone) return false;
    if (!this.#pacer.maySend(this.#bytesPerSec, nowUs)) {
      this.sleepUntilUs = this.#pacer.nextSendAtUs;
      return false;
    }
    this.#pacer.onSent(DATAGRAM_BYTES);
    this.sentAtUs.push(monotonicNowUs());
    transmit.length = DATAGRAM_BYTES;
    transmit.to = this.#to;
    return true;
  }

  nextTimeoutUs(): number {
    return this.sleepUntilUs;
  }

  handleDatagram(): void {
    // Nobody answers.
  }

  handleTimeout(): void {
    // Only the pacer is waited for.
  }

  pollEvent(): undefined {
    return undefined;
  }
}

async function measure(
  to: PeerAddress,
  mbitPerSec: number,
  by: 'timer' | 'fine',
  seconds: number,
): Promise<string> {
  const bytesPerSec = (mbitPerSec * 1e6) / 8;
  const port = await UdpPort.bindFree({ host: '127.0.0.1' });
  port.connect(to);
  const blast = new PacedBlast(to, bytesPerSec, TICK_US[by], monotonicNowUs() + seconds * 1e6);
  const cpu = process.cpuUsage();
  await new Promise<void>((resolve) => {
    const driver = new TransportDriver({
      port,
      transport: blast,
      maxDatagramBytes: DATAGRAM_BYTES,
      onEvent: () => undefined,
      sleepUntilUs: () => blast.sleepUntilUs,
      fineTimers: by === 'fine' ? new FineTimers() : undefined,
      onTurn: () => {
        if (blast.isDone) resolve(driver.close());
      },
    });
    driver.wake();
  });
  const { user, system } = process.cpuUsage(cpu);
  const { sentAtUs, quantumBytes } = blast;
  const elapsedUs = sentAtUs.at(-1)! - sentAtUs[0]!;
  const kept = ((sentAtUs.length - 1) * DATAGRAM_BYTES * 1e6) / elapsedUs / bytesPerSec;
  const { bursts, gapsMs } = burstsOf(sentAtUs);
  return [
    String(mbitPerSec).padEnd(7),
    by.padEnd(6),
    kept.toFixed(4).padEnd(10),
    (mostExcessBytes(sentAtUs, bytesPerSec) / quantumBytes).toFixed(2).padEnd(24),
    spread(bursts, 0).padEnd(18),
    spread(gapsMs, 2).padEnd(19),
    `${((user + system) / seconds / 1e4).toFixed(0)} %`,
  ].join(' ');
}

/** The most that left in any interval beyond 1.25 times the rate: at most two quanta (DESIGN §5). */
function mostExcessBytes(sentAtUs: readonly number[], bytesPerSec: number): number {
  let most = 0;
  let least = Infinity;
  sentAtUs.forEach((atUs, index) => {
    const allowed = (1.25 * bytesPerSec * (atUs - sentAtUs[0]!)) / 1e6;
    least = Math.min(least, index * DATAGRAM_BYTES - allowed);
    most = Math.max(most, (index + 1) * DATAGRAM_BYTES - allowed - least);
  });
  return most;
}

/** Datagrams that left less than 50 µs after each other, and the time between such bursts. */
function burstsOf(sentAtUs: readonly number[]): { bursts: number[]; gapsMs: number[] } {
  const bursts = [0];
  const gapsMs: number[] = [];
  sentAtUs.forEach((atUs, index) => {
    const gapUs = index === 0 ? 0 : atUs - sentAtUs[index - 1]!;
    if (gapUs >= 50) {
      gapsMs.push(gapUs / 1000);
      bursts.push(0);
    }
    bursts[bursts.length - 1]!++;
  });
  return { bursts, gapsMs };
}

function spread(values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(digits);
  return `${at(0.5)} / ${at(0.99)} / ${at(1)}`;
}

const isReceiver = process.env['UPDRAFT_BENCH_ROLE'] === 'receive';
if (isReceiver) receive();
else await measureAll(Number(process.argv[2] ?? 3));
