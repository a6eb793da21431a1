/**
 * Many people send to one receiver at once, and it to them, over loopback, each in a process of its own:
 * `tsx bench/loopback/crowd.ts [PEOPLE] [TRANSFERS] [MiB]`, 32, 100 and 2 by default. Prints a
 * `CrowdResult`.
 *
 * Two thirds of the transfers, as many of each person as of the others, go to the receiver; the rest
 * come from it, to one person after another. All have one size and start at once. Files lie on tmpfs
 * where there is one.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiledScript } from '../compiled.ts';
import { type Ended, type FromMember, sharedNowMs, type ToMember } from './crowd-member.ts';

/** What the transfers of one direction show. */
export interface Direction {
  readonly count: number;
  /** From the start of all to the first and the last end. */
  readonly firstEndMs: number;
  readonly lastEndMs: number;
  /** The last end against the first one: 1 is fair. */
  readonly spread: number;
}

export interface CrowdResult {
  readonly people: number;
  readonly bytesEach: number;
  readonly intactCount: number;
  readonly failures: readonly string[];
  /** Transfers to the receiver; and those from it, but the second ones to the same person. */
  readonly toReceiver: Direction;
  readonly fromReceiver: Direction;
  readonly retransmittedShare: number;
  readonly receiverRssBytes: number;
  /** The largest of them. */
  readonly personRssBytes: number;
}

const [people = 32, transfers = 100, mebibytes = 2] = process.argv.slice(2).map(Number);
const bytesEach = mebibytes * 2 ** 20;

/** One process, and what it has said last. */
class Member {
  readonly inbox: string;
  readonly #process: ChildProcess;
  readonly #heard: FromMember[] = [];
  #onHeard: () => void = () => undefined;

  constructor(folder: string, name: string) {
    this.inbox = join(folder, name);
    mkdirSync(this.inbox);
    const env = { ...process.env, UPDRAFT_CROWD_INBOX: this.inbox };
    this.#process = fork(compiledScript('loopback/crowd-member.ts'), [], { env, execArgv: [] });
    this.#process.on('message', (message: FromMember) => {
      this.#heard.push(message);
      this.#onHeard();
    });
    this.#process.on('exit', () => {
      this.#onHeard();
    });
  }

  tell(message: ToMember): void {
    this.#process.send(message);
  }

  /** The next thing that it says, which must be of this type. */
  async hear<Type extends FromMember['type']>(
    type: Type,
  ): Promise<Extract<FromMember, { readonly type: Type }>> {
    while (this.#heard.length === 0) {
      if (this.#process.exitCode !== null) throw new Error('a process of the crowd has ended');
      await new Promise<void>((resolve) => (this.#onHeard = resolve));
    }
    const message = this.#heard.shift()!;
    if (message.type !== type) throw new Error(`${message.type} in place of ${type}`);
    return message as Extract<FromMember, { readonly type: Type }>;
  }

  kill(): void {
    this.#process.kill();
  }
}

interface Planned {
  readonly from: Member;
  readonly to: Member;
  readonly name: string;
  readonly sha256: string;
  readonly isCompared: boolean;
}

const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'updraft-'));
const members: Member[] = [];
try {
  console.log(JSON.stringify(await run()));
} finally {
  for (const member of members) member.kill();
  rmSync(folder, { recursive: true, force: true });
}

async function run(): Promise<CrowdResult> {
  const receiver = new Member(folder, 'receiver');
  members.push(receiver);
  const persons = Array.from({ length: people }, (_, index) => new Member(folder, `p${index}`));
  members.push(...persons);
  const addresses = new Map<Member, { readonly port: number; readonly publicKey: string }>();
  for (const member of members) addresses.set(member, await member.hear('ready'));

  const planned = plan(receiver, persons);
  const introductions = planned.map(() => ({
    keyId: randomBytes(8).toString('hex'),
    secret: randomBytes(32).toString('hex'),
  }));
  for (const member of members) {
    const expected = planned.flatMap(({ from, to }, index) =>
      to === member ? [{ ...introductions[index]!, peerKey: addresses.get(from)!.publicKey }] : [],
    );
    member.tell({ type: 'expect', introductions: expected });
    await member.hear('expecting');
  }

  const startMs = sharedNowMs();
  for (const member of members) {
    const sendings = planned.flatMap(({ from, to, name }, index) => {
      const { port, publicKey } = addresses.get(to)!;
      const introduction = { ...introductions[index]!, peerKey: publicKey };
      return from === member ? [{ introduction, port, path: join(folder, name) }] : [];
    });
    member.tell({ type: 'send', sendings });
  }
  const endings = new Map<Planned, Ended>();
  for (const member of members) {
    const own = planned.filter(({ from }) => from === member);
    const { endings: told } = await member.hear('ended');
    for (const [index, transfer] of own.entries()) endings.set(transfer, told[index]!);
  }
  const rssBytes: number[] = [];
  for (const member of members) {
    member.tell({ type: 'end' });
    rssBytes.push((await member.hear('rss')).bytes);
  }

  const directionOf = (isToReceiver: boolean): Direction => {
    const ends = planned
      .filter(({ to, isCompared }) => isCompared && (to === receiver) === isToReceiver)
      .map((transfer) => endings.get(transfer)!.atMs - startMs);
    const [firstEndMs, lastEndMs] = [Math.min(...ends), Math.max(...ends)];
    return { count: ends.length, firstEndMs, lastEndMs, spread: lastEndMs / firstEndMs };
  };
  const all = [...endings.values()];
  const repeatedBytes = all.reduce((sum, { retransmittedBytes }) => sum + retransmittedBytes, 0);
  return {
    people,
    bytesEach,
    intactCount: planned.filter(isIntact).length,
    failures: all.flatMap(({ error }) => error ?? []),
    toReceiver: directionOf(true),
    fromReceiver: directionOf(false),
    retransmittedShare: repeatedBytes / (planned.length * bytesEach),
    receiverRssBytes: rssBytes[0]!,
    personRssBytes: Math.max(...rssBytes.slice(1)),
  };
}

function plan(receiver: Member, persons: readonly Member[]): Planned[] {
  const toReceiverEach = Math.floor((2 * transfers) / 3 / people);
  const toReceiver = toReceiverEach * people;
  return Array.from({ length: transfers }, (_, index) => {
    const person = persons[index % people]!;
    const isToReceiver = index < toReceiver;
    const name = `file-${index}`;
    const content = randomBytes(bytesEach);
    writeFileSync(join(folder, name), content);
    return {
      from: isToReceiver ? person : receiver,
      to: isToReceiver ? receiver : person,
      name,
      sha256: sha256Of(content),
      isCompared: isToReceiver || index - toReceiver < people,
    };
  });
}

function isIntact({ to, name, sha256 }: Planned): boolean {
  const path = join(to.inbox, name);
  return existsSync(path) && sha256Of(readFileSync(path)) === sha256;
}

function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
