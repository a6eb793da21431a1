import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseState } from '../../src/transfer/io/disk/disk-state.ts';
import { InboxWatch, sha256Of } from './inbox-watch.ts';
import { Upd } from './upd.ts';

/** A side that hears nothing ends after this. */
const GIVE_UP_SECONDS = 30;
/** Tries after the last kill before a file counts as undeliverable. */
const MAX_QUIET_TRIES = 3;
/** What has come is durable once it is so much, or so old (DESIGN §8) … */
const CHECKPOINT_BYTES = 67_108_864;
const CHECKPOINT_MS = 2_000;
/** … and this is for the sync itself, during which more comes. */
const SYNC_MS = 3_000;
const SYNC_BYTES = 67_108_864;
/** How long a receiver may take to tidy once its sender has closed. */
const TIDY_MS = 10_000;
const TIDY_LOOK_MS = 50;
/** How often it is looked whether a moment has come. */
const STRIKE_LOOK_MS = 5;

/**
 * One kill by SIGKILL: when so much of the file lies in the inbox, or just before a call of the disk layer. A
 * share of 0 is the start of the sender, 1 is when all has come; then a time passes.
 */
export type Kill =
  | {
      readonly victim: 'sender' | 'receiver' | 'both';
      readonly share: number;
      readonly afterMs: number;
    }
  | { readonly victim: 'sender' | 'receiver'; readonly before: string };

export interface Source {
  readonly path: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface KillRunOptions {
  readonly source: Source;
  /** One a try, in turn; tries after these are left alone. */
  readonly kills: readonly Kill[];
  /** As `--rate` takes it. */
  readonly rate: string;
  /** What `buildUpd` gave. */
  readonly program: string;
}

/** What was in the inbox at a kill: nothing or no content, a partial, the file and its record, the file. */
export type Stage = 'begun' | 'partial' | 'recorded' | 'whole';

export interface Finding {
  readonly stage: Stage;
  /** The sender had said that it is delivered. */
  readonly isDelivered: boolean;
  /** Bytes that lay there and were not durable: they are sent again. */
  readonly againBytes: number;
}

/** A transfer that is killed and sent again until it is delivered. Rejects with what was not as promised. */
export async function runKills(options: KillRunOptions): Promise<readonly Finding[]> {
  const run = new KillRun(options);
  try {
    await run.run();
    return await run.checkedFindings();
  } finally {
    await run.end();
  }
}

class KillRun {
  readonly #findings: Finding[] = [];
  readonly #options: KillRunOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'updraft-kills-'));
  readonly #inbox = join(this.#folder, 'inbox');
  readonly #log = join(this.#folder, 'receiver.log');
  readonly #watch: InboxWatch;
  #receiver: Upd | undefined;
  #sender: Upd | undefined;
  #ticket = '';
  /** What was durable at the last kill. */
  #durableBytes = 0;

  constructor(options: KillRunOptions) {
    this.#options = options;
    mkdirSync(this.#inbox);
    this.#watch = new InboxWatch(this.#inbox, options.source.name, options.source.sha256);
  }

  async run(): Promise<void> {
    const { kills } = this.#options;
    for (const kill of kills) if (await this.#try(kill)) return;
    for (let count = 0; count < MAX_QUIET_TRIES; count++) {
      if (await this.#try(undefined)) return;
    }
    throw this.#fault('it is not delivered');
  }

  /** After `run`: nothing wrong was ever seen in the inbox. */
  async checkedFindings(): Promise<readonly Finding[]> {
    await this.#watch.end();
    if (this.#watch.fault !== undefined) throw this.#fault('at the end all is well');
    return this.#findings;
  }

  async end(): Promise<void> {
    for (const upd of [this.#sender, this.#receiver]) {
      upd?.kill();
      await upd?.exit;
    }
    await this.#watch.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** True when nothing is left to do. */
  async #try(kill: Kill | undefined): Promise<boolean> {
    if (!(await this.#startReceiver(kill))) {
      await this.#note(false);
      return false;
    }
    const loggedCount = this.#logged.length;
    this.#watch.begin();
    const sender = this.#startSender(kill);
    const receiver = this.#receiver!;
    const isStruck = kill !== undefined && (await this.#strike(kill));
    // Whoever waits for a receiver that is gone begins again.
    if (receiver.hasEnded) sender.kill('SIGINT');
    const exit = await sender.ended();
    const isDelivered = sender.lines.some((line) => line.includes('"t":"done"'));
    this.#checkBegin(this.#logged.slice(loggedCount));
    if (isStruck) await this.#note(isDelivered);
    else if (exit !== 0) throw this.#fault(`the sender ended with ${exit}: ${sender.shown}`);
    if (isDelivered) return this.#isTidied();
    // The sender heard it, and was killed before it could say so.
    return this.#isWhole && (await this.#isTidied());
  }

  /** False when it was killed before it had a ticket. */
  async #startReceiver(kill: Kill | undefined): Promise<boolean> {
    if (this.#receiver?.hasEnded === false) return true;
    this.#receiver = this.#spawn('receiver', ['receive', '--host', '127.0.0.1'], kill);
    const line = await this.#receiver.line('"t":"ticket"');
    const isDirected = kill !== undefined && 'before' in kill && kill.victim === 'receiver';
    if (line === undefined && !isDirected) throw this.#fault(this.#receiver.shown);
    if (line !== undefined) this.#ticket = (JSON.parse(line) as { ticket: string }).ticket;
    return line !== undefined;
  }

  #startSender(kill: Kill | undefined): Upd {
    const { source, rate } = this.#options;
    const args = ['send', source.path, '--to', this.#ticket, '--rate', rate];
    this.#sender = this.#spawn('sender', args, kill);
    return this.#sender;
  }

  #spawn(side: Kill['victim'], args: readonly string[], kill: Kill | undefined): Upd {
    const isDirected = kill !== undefined && 'before' in kill && kill.victim === side;
    const flags = ['--json', '--give-up', String(GIVE_UP_SECONDS)];
    const dir = side === 'receiver' ? ['--dir', this.#inbox] : [];
    return new Upd({
      args: [...args, ...dir, ...flags],
      environment: {
        XDG_STATE_HOME: this.#folder,
        UPDRAFT_INBOX: this.#inbox,
        ...(side === 'receiver' ? { UPDRAFT_DISK_LOG: this.#log } : {}),
        UPDRAFT_KILL_BEFORE: isDirected ? kill.before : '',
      },
      program: this.#options.program,
    });
  }

  /** False when the sender ended by itself before. */
  async #strike(kill: Kill): Promise<boolean> {
    const sender = this.#sender!;
    const receiver = this.#receiver!;
    if ('before' in kill) {
      await Promise.race([sender.exit, receiver.exit]);
      const victim = kill.victim === 'sender' ? sender : receiver;
      // It may end the other one's wait a moment before its own is seen.
      if (sender.hasEnded && kill.victim === 'receiver')
        await Promise.race([receiver.exit, sleep(TIDY_MS)]);
      if (!victim.hasEnded) throw this.#fault(`nothing was done that is called ${kill.before}`);
      return true;
    }
    const { sizeBytes } = this.#options.source;
    while (!sender.hasEnded && !this.#isWhole) {
      if (this.#watch.partBytesAt(Infinity) >= kill.share * sizeBytes) break;
      await sleep(STRIKE_LOOK_MS);
    }
    await Promise.race([sleep(kill.afterMs), sender.exit]);
    if (sender.hasEnded) return false;
    const atMs = performance.now();
    if (kill.victim !== 'receiver') sender.kill();
    if (kill.victim !== 'sender') receiver.kill();
    if (kill.victim !== 'sender') await receiver.ended();
    this.#checkDurable(atMs);
    return true;
  }

  /** Bytes that came long ago, or that are many, are durable. */
  #checkDurable(atMs: number): void {
    if (!existsSync(this.#partPath)) return;
    const durableBytes = this.#readDurable();
    const oldBytes = this.#watch.partBytesAt(atMs - CHECKPOINT_MS - SYNC_MS);
    const lostBytes = this.#watch.partBytesAt(atMs) - durableBytes;
    if (oldBytes > durableBytes) {
      throw this.#fault(`${oldBytes} bytes had come in time, and ${durableBytes} are durable`);
    }
    if (lostBytes > CHECKPOINT_BYTES + SYNC_BYTES) {
      throw this.#fault(`${lostBytes} bytes are not durable`);
    }
  }

  /** A try goes on behind what was durable at the kill before it. */
  #checkBegin(logged: readonly string[]): void {
    const openedAt = logged.indexOf('open part');
    const first = logged.slice(openedAt + 1).find((line) => line.startsWith('write part '));
    if (openedAt < 0 || first === undefined) return;
    const beginBytes = Number(first.split(' ')[2]);
    if (beginBytes < this.#durableBytes) {
      throw this.#fault(
        `${this.#durableBytes} bytes were durable, and it went on at ${beginBytes}`,
      );
    }
  }

  /** What a kill has left. */
  async #note(isDelivered: boolean): Promise<void> {
    const isPartial = existsSync(this.#partPath) && !this.#isWhole;
    this.#durableBytes = isPartial ? this.#readDurable() : 0;
    const partBytes = isPartial ? statSync(this.#partPath).size : 0;
    const againBytes = Math.max(0, partBytes - this.#durableBytes);
    const { length } = await readdir(this.#inbox);
    const wholeStage = length > 1 ? 'recorded' : 'whole';
    const stage = isPartial && partBytes > 0 ? 'partial' : this.#isWhole ? wholeStage : 'begun';
    this.#findings.push({ stage, isDelivered, againBytes });
  }

  /**
   * The file is as it should be, and alone. False when its record is left because the receiver was killed:
   * then a repetition must be known as one.
   */
  async #isTidied(): Promise<boolean> {
    const { name, sha256 } = this.#options.source;
    if ((await sha256Of(join(this.#inbox, name))) !== sha256) throw this.#fault('it is not whole');
    let names = await readdir(this.#inbox);
    for (let waitedMs = 0; waitedMs < TIDY_MS && names.length > 1; waitedMs += TIDY_LOOK_MS) {
      if (this.#receiver!.hasEnded) break;
      await sleep(TIDY_LOOK_MS);
      names = await readdir(this.#inbox);
    }
    if (names.length === 1) return true;
    const isRecord = names.includes(`${name}.part.state`) && names.length <= 3;
    const isKilled = this.#receiver!.hasEnded || (await this.#sender!.exit) === 'SIGKILL';
    if (!isRecord || !isKilled) throw this.#fault(`${names.join(', ')} are left`);
    return false;
  }

  get #isWhole(): boolean {
    return existsSync(join(this.#inbox, this.#options.source.name));
  }

  get #partPath(): string {
    return join(this.#inbox, `${this.#options.source.name}.part`);
  }

  /** What the state beside the partial says. */
  #readDurable(): number {
    try {
      return parseState(readFileSync(`${this.#partPath}.state`, 'utf8'))?.durableBytes ?? 0;
    } catch {
      return 0;
    }
  }

  get #logged(): readonly string[] {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8').split('\n') : [];
  }

  #fault(what: string): Error {
    const { kills } = this.#options;
    const seen = this.#watch.fault === undefined ? '' : `; ${this.#watch.fault}`;
    return new Error(
      `${what}${seen} (kills ${JSON.stringify(kills)}, found ${JSON.stringify(this.#findings)})`,
    );
  }
}
