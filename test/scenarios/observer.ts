import { crcCheck } from '../../src/transfer/core/index.ts';
import type { Random } from '../sim/random.ts';

const OPEN = 1;
const OPEN_ACK = 2;
const DATA = 3;
const ACK = 4;
const MARK = 5;
const PATH_RESPONSE = 9;
const CLOSE = 10;
/** Header and tag: where a body begins. */
const BODY_AT = 18;
/** In an ACK. */
const CREDIT_AT = BODY_AT + 16;
const CREDIT_END = BODY_AT + 22;
/** Forgeries of one kind that follow one datagram: enough where few bring one. */
const MOST_AT_ONCE = 16;

export type Towards = 'opener' | 'listener';

/** One datagram, real or forged, and whom it is for. */
export interface Observed {
  readonly datagram: Uint8Array;
  readonly towards: Towards;
}

export interface Forgery extends Observed {
  /** With the other side's address, or from somewhere else. */
  readonly from: 'peer' | 'elsewhere';
}

/** What somebody who sees a datagram can make of it; undefined when it is not of that kind. */
type Attack = (seen: Observed, random: Random) => Forgery | undefined;
type Change = (datagram: Uint8Array, random: Random) => Uint8Array;

function typeOf(datagram: Uint8Array): number {
  return datagram[4]! & 0x3f;
}

function copied(datagram: Uint8Array): Uint8Array {
  return Uint8Array.from(datagram);
}

/** Another byte somewhere behind header and tag. */
function altered(datagram: Uint8Array, random: Random): Uint8Array {
  const copy = copied(datagram);
  const at = random.integer(BODY_AT, copy.length - 1);
  copy[at]! ^= random.integer(1, 255);
  return copy;
}

/** The greatest credit, and two ranges more. */
function greedy(ack: Uint8Array, random: Random): Uint8Array {
  const more = Uint8Array.from([...ack, 0, random.integer(1, 255), 0, random.integer(1, 255)]);
  more.fill(0xff, CREDIT_AT, CREDIT_END);
  return more;
}

/** A change of each datagram of a type, or of each of any type. */
function changed(change: Change, type?: number): Attack {
  return ({ datagram, towards }, random) => {
    if (type !== undefined && typeOf(datagram) !== type) return undefined;
    return { datagram: change(datagram, random), towards, from: 'peer' };
  };
}

/** Another type and a body of its own choice, to the same connection. */
function written(type: number, body: Uint8Array): Attack {
  return ({ datagram, towards }) => {
    if (typeOf(datagram) <= OPEN_ACK) return undefined;
    const forged = new Uint8Array(BODY_AT + body.length);
    forged.set(datagram.subarray(0, BODY_AT));
    forged[4] = 0x40 | type;
    forged.set(body, BODY_AT);
    return { datagram: forged, towards, from: 'peer' };
  };
}

function reflected({ datagram, towards }: Observed): Forgery {
  const back = towards === 'opener' ? 'listener' : 'opener';
  return { datagram: copied(datagram), towards: back, from: 'peer' };
}

/** A change of the handshake's message, all the while that the connection lives. */
function remembered(type: number, change: Change, from: Forgery['from'] = 'peer'): Attack {
  let earlier: Observed | undefined;
  let isLive = false;
  return ({ datagram, towards }, random) => {
    if (typeOf(datagram) === type) earlier = { datagram: copied(datagram), towards };
    isLive ||= typeOf(datagram) === ACK;
    if (earlier === undefined || !isLive) return undefined;
    return { datagram: change(earlier.datagram, random), towards: earlier.towards, from };
  };
}

const far = new Uint8Array(40).fill(0xfe);

/** While OPEN or OPEN_ACK is on its way. */
function early(type: number): Attack {
  const copy = changed(copied, type);
  return (seen, random) => {
    const forgery = copy(seen, random);
    return forgery && { ...forgery, from: 'elsewhere' };
  };
}

/** By what is sent; made anew for each use, as some remember what they saw. */
const harmless: Readonly<Record<string, () => Attack>> = {
  'DATA with other bytes': () => changed(altered, DATA),
  'anything with other bytes': () => changed(altered),
  'ACKs with more credit and more ranges': () => changed(greedy, ACK),
  'MARKs with a far una': () => written(MARK, far),
  CLOSEs: () => written(CLOSE, Uint8Array.of(0, 0)),
  PATH_RESPONSEs: () => written(PATH_RESPONSE, far),
  'copies of all back to where they came from': () => reflected,
  'OPENs with other bytes': () => remembered(OPEN, altered),
  'OPEN_ACKs with other bytes': () => remembered(OPEN_ACK, altered),
  'copies of OPEN from elsewhere': () => remembered(OPEN, copied, 'elsewhere'),
  'copies of OPEN_ACK from elsewhere': () => remembered(OPEN_ACK, copied, 'elsewhere'),
};

/** Copies that arrive before the original, which they may stand for. */
const overtaking: Readonly<Record<string, () => Attack>> = {
  'copies of all': () => changed(copied),
  'early copies of OPEN from elsewhere': () => early(OPEN),
  'early copies of OPEN_ACK from elsewhere': () => early(OPEN_ACK),
};

const attacks: Readonly<Record<string, () => Attack>> = { ...harmless, ...overtaking };

/** All whose every forgery is refused. */
export const attackNames: readonly string[] = Object.keys(harmless);

/**
 * Somebody who sees every datagram of a connection, and adds forgeries of some kinds, a bounded number
 * of each, with right checksums.
 */
export class Observer {
  /** Forgeries made, by kind. */
  readonly counts: ReadonlyMap<string, number>;
  readonly #random: Random;
  readonly #most: number;
  readonly #mostAtOnce: number;
  readonly #counts: Map<string, number>;
  readonly #attacks: ReadonlyMap<string, Attack>;

  constructor(
    random: Random,
    names: readonly string[],
    { most = Infinity, mostAtOnce = MOST_AT_ONCE }: { most?: number; mostAtOnce?: number } = {},
  ) {
    this.#random = random;
    this.#most = most;
    this.#mostAtOnce = mostAtOnce;
    this.#counts = new Map(names.map((name) => [name, 0]));
    this.#attacks = new Map(names.map((name) => [name, attacks[name]!()]));
    this.counts = this.#counts;
  }

  /** What it adds now that it has seen this. */
  *see(datagram: Uint8Array, towards: Towards): Generator<Forgery> {
    for (const [name, attack] of this.#attacks) {
      for (let nth = 0; nth < this.#mostAtOnce; nth++) {
        const count = this.#counts.get(name)!;
        const forgery =
          count < this.#most ? attack({ datagram, towards }, this.#random) : undefined;
        if (forgery === undefined) break;
        this.#counts.set(name, count + 1);
        crcCheck.write(forgery.datagram, forgery.datagram.length, 0);
        yield forgery;
      }
    }
  }
}
