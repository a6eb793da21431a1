/**
 * One file between two processes through a relay in a third, and somebody hostile:
 * `hostile-once.ts quiet|strangers|observer [MiB] [count] [window]` prints a `HostileRate`. With a window of
 * packets the relay takes 5 ms each way, so that they and not the processors limit the speed.
 *
 * `strangers`: a fourth process, with a port of its own, sends `count` datagrams to both sides at an even
 * rate: random ones, and truncated, changed and whole copies of real ones. `observer`: the relay adds
 * `count` of each kind of forgery (`test/scenarios/observer.ts`), with the addresses of both sides.
 */
import dgram from 'node:dgram';
import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createEndpoint } from '../../src/transfer/index.ts';
import { UdpRelay, type Towards } from '../../test/loopback/udp-relay.ts';
import { attackNames, Observer } from '../../test/scenarios/observer.ts';
import { Random } from '../../test/sim/random.ts';

/** What a run prints. */
export interface HostileRate {
  /** 10^6 bytes a second, from the first OPEN to the verified and published file. */
  readonly mbPerSec: number;
  readonly isIntact: boolean;
  /** Datagrams that came to somebody hostile. */
  readonly answerCount: number;
  /** Hostile datagrams sent before the transfer ended. */
  readonly hostileCount: number;
  /** Transfers that the receiver has let in. */
  readonly transferCount: number;
  /** User and system, the whole process. */
  readonly receiveCpuSec: number;
  /** Largest resident set of each process, its start included. */
  readonly sendRssBytes: number;
  readonly receiveRssBytes: number;
}

/** Strangers' datagrams a second, over both sides, and the largest: loopback carries 64 KiB, no line does. */
const STRANGERS_PER_SEC = 10_000;
const MAX_STRANGE_BYTES = 1_500;
/** A timer that fires late is not made up for by a burst that no line would carry. */
const MOST_AT_ONCE = 100;
/** Real datagrams that strangers are told of: at the start, and then one of so many. */
const FIRST_SAMPLES = 64;
const SAMPLE_EVERY = 64;
const MAX_SAMPLES = 512;
const DELAY_MS = 5;
const MIB = 2 ** 20;
const introduced = { keyId: '00112233445566ff', secret: '00'.repeat(32) };

const [kind = 'quiet', mebibytes = '256', count = '1000', window] = process.argv.slice(2);
const hostileTotal = Number(count);
const roles: Record<string, () => Promise<void> | void> = { receive, relay, strangers };
await (roles[process.env['UPDRAFT_BENCH_ROLE'] ?? ''] ?? send)();

// ---- the four processes

async function send(): Promise<void> {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'updraft-'));
  const children: ChildProcess[] = [];
  const start = async <Ready>(role: string, more: Record<string, string>): Promise<Ready> => {
    const env = { ...process.env, UPDRAFT_BENCH_ROLE: role, ...more };
    const child = fork(import.meta.filename, process.argv.slice(2), { env });
    children.push(child);
    return (await heard(child)) as Ready;
  };
  try {
    const path = join(folder, 'source');
    const inbox = join(folder, 'inbox');
    mkdirSync(inbox);
    for (let nth = 0; nth < Number(mebibytes); nth++) {
      writeFileSync(path, randomBytes(MIB), { flag: 'a' });
    }
    const endpoint = await createEndpoint(
      window === undefined ? {} : { congestion: 'fixed', windowPackets: Number(window) },
    );
    const receiver = await start<{ port: number; publicKey: string }>('receive', {
      UPDRAFT_BENCH_INBOX: inbox,
      UPDRAFT_BENCH_PEER_KEY: endpoint.publicKey,
    });
    const { port } = await start<{ port: number }>('relay', {
      UPDRAFT_BENCH_PORT: String(receiver.port),
    });
    const startMs = performance.now();
    const result = await endpoint.send({
      introduction: { ...introduced, peerKey: receiver.publicKey },
      addresses: [{ address: '127.0.0.1', port }],
      paths: [path],
      peer: 'bench',
    }).done;
    const elapsedMs = performance.now() - startMs;
    const [receiving, relayed] = await Promise.all(children.map(ended));
    await endpoint.close();
    const [name] = readdirSync(inbox);
    const rate: HostileRate = {
      mbPerSec: result.totalBytes / elapsedMs / 1000,
      isIntact: (await sha256(join(inbox, name!))) === (await sha256(path)),
      ...(relayed as { answerCount: number; hostileCount: number }),
      ...(receiving as Pick<HostileRate, 'transferCount' | 'receiveCpuSec' | 'receiveRssBytes'>),
      sendRssBytes: process.resourceUsage().maxRSS * 1024,
    };
    console.log(JSON.stringify(rate));
  } finally {
    for (const child of children) child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function receive(): Promise<void> {
  const endpoint = await createEndpoint({ inbox: process.env['UPDRAFT_BENCH_INBOX']! });
  let transferCount = 0;
  endpoint.on('transfer', () => transferCount++);
  endpoint.expect({ ...introduced, peerKey: process.env['UPDRAFT_BENCH_PEER_KEY']! }, 'bench');
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const receiveRssBytes = process.resourceUsage().maxRSS * 1024;
    tell({ transferCount, receiveCpuSec: (user + system) / 1e6, receiveRssBytes });
    void endpoint.close();
  });
  tell({ port: endpoint.address.port, publicKey: endpoint.publicKey });
}

async function relay(): Promise<void> {
  const elsewhere = dgram.createSocket('udp4');
  let answerCount = 0;
  let hostileCount = 0;
  elsewhere.on('message', () => answerCount++);
  const listenerPort = Number(process.env['UPDRAFT_BENCH_PORT']);
  const names = kind === 'observer' ? attackNames : [];
  const observer = new Observer(new Random(1), names, { most: hostileTotal, mostAtOnce: 2 });
  const stranger = kind === 'strangers' ? startStranger(listenerPort) : undefined;
  if (stranger !== undefined) await heard(stranger);
  let passedCount = 0;
  const relayed = await UdpRelay.open({
    listenerPort,
    delayMs: window === undefined ? 0 : DELAY_MS,
    onPassed: (datagram, towards) => {
      for (const forgery of observer.see(datagram, towards)) {
        hostileCount++;
        if (forgery.from === 'peer') relayed.inject(forgery.datagram, forgery.towards);
        else if (forgery.towards === 'listener') {
          elsewhere.send(forgery.datagram, listenerPort, '127.0.0.1');
        } else if (relayed.openerPort !== undefined) {
          elsewhere.send(forgery.datagram, relayed.openerPort, '127.0.0.1');
        }
      }
      if (stranger === undefined || datagram.length > MAX_STRANGE_BYTES) return;
      if (passedCount++ < FIRST_SAMPLES || passedCount % SAMPLE_EVERY === 0) {
        stranger.send({ sample: datagram.toString('base64'), towards, port: relayed.openerPort });
      }
    },
  });
  process.on('message', () => {
    void (async () => {
      const told =
        stranger && ((await ended(stranger)) as { answerCount: number; hostileCount: number });
      tell(told ?? { answerCount, hostileCount });
      stranger?.kill();
      elsewhere.close();
      await relayed.close();
    })();
  });
  tell({ port: relayed.port });
}

function startStranger(listenerPort: number): ChildProcess {
  return fork(import.meta.filename, process.argv.slice(2), {
    env: {
      ...process.env,
      UPDRAFT_BENCH_ROLE: 'strangers',
      UPDRAFT_BENCH_PORT: String(listenerPort),
    },
  });
}

function strangers(): void {
  const socket = dgram.createSocket('udp4');
  const random = new Random(2);
  const samples: { bytes: Buffer; towards: Towards }[] = [];
  const ports: Partial<Record<Towards, number>> = {
    listener: Number(process.env['UPDRAFT_BENCH_PORT']),
  };
  let hostileCount = 0;
  let answerCount = 0;
  let startMs: number | undefined;
  socket.on('message', () => answerCount++);
  const flood = setInterval(() => {
    if (startMs === undefined) return;
    const due = ((performance.now() - startMs) * STRANGERS_PER_SEC) / 1000;
    const most = Math.min(due, hostileTotal, hostileCount + MOST_AT_ONCE);
    while (hostileCount < most) {
      const sample = random.pick(samples);
      const port = ports[sample.towards];
      socket.send(strange(sample.bytes, random, hostileCount), port, '127.0.0.1');
      hostileCount++;
    }
  }, 1);
  process.on('message', (message: 'end' | { sample: string; towards: Towards; port: number }) => {
    if (message === 'end') {
      clearInterval(flood);
      tell({ answerCount, hostileCount });
      socket.close();
      return;
    }
    const { sample, towards, port } = message;
    ports.opener = port;
    const bytes = Buffer.from(sample, 'base64');
    if (samples.length < MAX_SAMPLES) samples.push({ bytes, towards });
    else samples[random.integer(FIRST_SAMPLES, MAX_SAMPLES - 1)] = { bytes, towards };
    // The opener has been heard again by now: until then a copy of OPEN is answered as OPEN is.
    if (samples.length === FIRST_SAMPLES) startMs ??= performance.now();
  });
  tell({ isReady: true });
}

/** The kinds take turns: random, truncated, changed in one bit, and as it was. */
function strange(real: Buffer, random: Random, nth: number): Uint8Array {
  if (nth % 4 === 0) return randomBytes(random.integer(0, MAX_STRANGE_BYTES));
  if (nth % 4 === 1) return real.subarray(0, random.integer(0, real.length - 1));
  const copy = Uint8Array.from(real);
  if (nth % 4 === 2) copy[random.integer(0, copy.length - 1)]! ^= 1 << random.integer(0, 7);
  return copy;
}

// ---- small things

function tell(message: object): void {
  process.send!(message);
}

function heard(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', () => {
      reject(new Error('a process ended without a result'));
    });
  });
}

/** Tells a process to end, and hears what it counted. */
function ended(child: ChildProcess): Promise<unknown> {
  const answer = heard(child);
  child.send('end');
  return answer;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
