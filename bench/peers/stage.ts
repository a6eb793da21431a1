import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Place, SideName } from './place.ts';
import { SideProcess } from './side-process.ts';

/** When a transfer began and ended, on the machine's monotonic clock. */
export interface Times {
  readonly startNs: number;
  readonly endNs: number;
}

/** What a program has for one transfer. */
export class Stage {
  readonly place: Place;
  /** The file to send. */
  readonly source: string;
  /** Where it goes: an older file of the same length and name stands there. */
  readonly target: string;
  readonly sizeBytes: number;
  /** For what a program needs besides; it lasts as long as the bench. */
  readonly folder: string;
  readonly #sides: SideProcess[] = [];

  constructor(fields: Pick<Stage, 'place' | 'source' | 'target' | 'sizeBytes' | 'folder'>) {
    this.place = fields.place;
    this.source = fields.source;
    this.target = fields.target;
    this.sizeBytes = fields.sizeBytes;
    this.folder = fields.folder;
  }

  start(side: SideName, ...command: readonly (string | number)[]): SideProcess {
    const started = new SideProcess([...this.place.prefix(side), ...command.map(String)]);
    this.#sides.push(started);
    return started;
  }

  /** Of both programs; the receiver says READY, and each its own time. */
  async ownTimes(
    receive: readonly (string | number)[],
    send: readonly (string | number)[],
  ): Promise<Times> {
    const receiver = this.start('b', ...receive);
    if ((await receiver.line()) !== 'READY') throw new Error('it does not say READY');
    const sender = this.start('a', ...send);
    const [{ t_start: startNs }, { t_end: endNs }] = await Promise.all([
      spoken<{ t_start: number }>(sender),
      spoken<{ t_end: number }>(receiver),
    ]);
    // The sender is to hear that all has come, as in any use of it.
    await sender.ended;
    return { startNs, endNs };
  }

  /** From the start of a program to its end, for one that tells no times. */
  async wholeRun(side: SideName, ...command: readonly (string | number)[]): Promise<Times> {
    const startNs = nowNs();
    const program = this.start(side, ...command);
    const { code } = await program.ended;
    if (code !== 0) throw new Error(`exit code ${code}: ${program.errors}`);
    return { startNs, endNs: nowNs() };
  }

  /** Ends what still runs; gives the CPU seconds of all. */
  async end(): Promise<number> {
    const ended = await Promise.all(this.#sides.map((side) => side.stop()));
    return ended.reduce((sum, { cpuSec }) => sum + cpuSec, 0);
  }
}

async function spoken<Told>(side: SideProcess): Promise<Told> {
  return JSON.parse(await side.line()) as Told;
}

function nowNs(): number {
  return Number(process.hrtime.bigint());
}

/** One that is free here now; in a namespace of its own any is. */
export async function freePort(protocol: 'tcp' | 'udp'): Promise<number> {
  const socket = protocol === 'tcp' ? createServer() : createSocket('udp4');
  if ('listen' in socket) socket.listen(0, '127.0.0.1');
  else socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as { port: number };
  socket.close();
  await once(socket, 'close');
  return port;
}
