import type { DriverTimers } from '../congestion/pacer.ts';
import { controllerNames, controllers, type ControllerName } from '../congestion/registry.ts';
import type { Address } from './path-member.ts';
import { Path } from './path.ts';

export { controllerNames };
export type { ControllerName, DriverTimers };

/** Paths that are remembered though no connection uses them. */
const MAX_IDLE_PATHS = 64;
/** How long what was learned about a path is worth keeping (DESIGN §5). */
const REMEMBERED_US = 600_000_000;

export interface PathOptions {
  readonly controller: ControllerName;
  /** Only `fixed`: packets in flight a connection. */
  readonly windowPackets: number;
  readonly random: () => number;
  /** Sent until a path is known to carry larger ones, UDP payload bytes. */
  readonly datagramBytes: number;
  /** Default: the driver is called back at any microsecond. */
  readonly timers?: DriverTimers | undefined;
  /** MTU discovery goes up to this. */
  readonly maxDatagramBytes: number;
  /** No path is sent more; default no limit. */
  readonly maxBytesPerSec?: number | undefined;
}

/** The paths of an endpoint, by the peer's address. */
export class PathTable {
  readonly #options: PathOptions;
  #interfaceDatagramBytes: number;
  readonly #paths: Map<string, Path> = new Map();

  constructor(options: PathOptions) {
    this.#options = options;
    this.#interfaceDatagramBytes = options.maxDatagramBytes;
  }

  get all(): IterableIterator<Path> {
    return this.#paths.values();
  }

  get size(): number {
    return this.#paths.size;
  }

  /** The path to this address: a known one with all it has learned, or a new one. */
  to(address: Address, nowUs: number): Path {
    const key = `${address.address}|${address.port}`;
    let path = this.#paths.get(key);
    if (path !== undefined) return path;
    this.#forgetIdle(nowUs);
    const { controller, windowPackets, random, datagramBytes } = this.#options;
    const options = { datagramBytes, windowPackets, random };
    const { timers, maxBytesPerSec } = this.#options;
    const made = controllers[controller](options);
    path = new Path(address, made, datagramBytes, timers, maxBytesPerSec);
    path.mtu.interfaceBytes = this.#interfaceDatagramBytes;
    path.usedAtUs = nowUs;
    this.#paths.set(key, path);
    return path;
  }

  /** Of all paths, those to come too: what this side's interface takes, UDP payload bytes. */
  setInterfaceDatagramBytes(bytes: number): void {
    this.#interfaceDatagramBytes = bytes;
    for (const path of this.#paths.values()) path.mtu.interfaceBytes = bytes;
  }

  /** Nothing is remembered; those in use are left to their members. */
  forgetAll(): void {
    this.#paths.clear();
  }

  /** Drops what is too old, and the oldest where too many are idle. Maps iterate oldest first. */
  #forgetIdle(nowUs: number): void {
    let idleCount = 0;
    for (const path of this.#paths.values()) if (path.memberCount === 0) idleCount++;
    for (const [key, path] of this.#paths) {
      if (path.memberCount > 0) continue;
      if (idleCount <= MAX_IDLE_PATHS && nowUs - path.usedAtUs < REMEMBERED_US) continue;
      this.#paths.delete(key);
      idleCount--;
    }
  }
}
