/**
 * Loaded before a program (`node --import`), in each of its threads: a process that receives for a bench
 * lets by the share of its datagrams that `UPDRAFT_BENCH_DROP` says, at random, as if they had never come.
 * All runs of a comparison load it, those that drop nothing too.
 */
import dgram from 'node:dgram';
import { Random } from '../../test/sim/random.ts';

const share = Number(process.env['UPDRAFT_BENCH_DROP'] ?? 0);
if (process.env['UPDRAFT_BENCH_ROLE'] === 'receive') {
  const random = new Random(1);
  const sockets = dgram.Socket.prototype as { emit: (...args: unknown[]) => boolean };
  const emit = sockets.emit;
  sockets.emit = function (this: dgram.Socket, ...args: unknown[]): boolean {
    return args[0] === 'message' && random.chance(share) ? false : Reflect.apply(emit, this, args);
  };
}
