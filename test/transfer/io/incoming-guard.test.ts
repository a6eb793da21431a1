import { beforeEach, expect, test } from 'vitest';
import { CloseCode, type TransportConnection } from '../../../src/transfer/core/index.ts';
import { TransferError } from '../../../src/transfer/files/transfer-error.ts';
import type { TransferResult } from '../../../src/transfer/index.ts';
import {
  type GuardedTransfer,
  IncomingGuard,
  MAX_INCOMING_PER_ORIGIN,
  MAX_LAST_WORD_MS,
  MAX_OFFER_WAIT_MS,
} from '../../../src/transfer/io/incoming-guard.ts';

/** Timers that fire when they are told to. */
class HandTimers {
  readonly armed: { delayMs: number; action: () => void }[] = [];

  soon(): never {
    throw new Error('nothing is done soon');
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { delayMs, action };
    this.armed.push(timer);
    return () => {
      const at = this.armed.indexOf(timer);
      if (at >= 0) this.armed.splice(at, 1);
    };
  }

  fire(delayMs: number): void {
    const at = this.armed.findIndex((timer) => timer.delayMs === delayMs);
    const [timer] = this.armed.splice(at, 1);
    timer!.action();
  }
}

/** A peer's connection, and the transfer that it may come to. */
class Visit {
  isClosed = false;
  closedWith: CloseCode | undefined;
  isOver = false;
  isCancelled = false;
  name = '';
  readonly done: Promise<TransferResult>;
  #reject: (error: Error) => void = () => undefined;
  readonly peer: string;

  constructor(peer = 'mallory') {
    this.peer = peer;
    this.done = new Promise((_, reject) => (this.#reject = reject));
  }

  enter(guard: IncomingGuard): this {
    guard.watch(this.peer, this, this as unknown as TransportConnection);
    return this;
  }

  close(code: CloseCode): void {
    this.closedWith ??= code;
    this.isClosed = true;
  }

  cancel(): void {
    this.isCancelled = true;
    this.close(CloseCode.cancelled);
    void this.end();
  }

  async end(): Promise<void> {
    this.isOver = true;
    this.#reject(new TransferError('refused', 'no'));
    await Promise.allSettled([this.done]);
  }
}

let timers: HandTimers;
let guard: IncomingGuard;
let wakeCount: number;

beforeEach(() => {
  timers = new HandTimers();
  wakeCount = 0;
  guard = new IncomingGuard(timers, () => wakeCount++);
});

test('one peer has a quarter of all connections at most, and others the rest', () => {
  const visits: Visit[] = [];
  for (let count = 0; count < MAX_INCOMING_PER_ORIGIN; count++) {
    expect(guard.admits('mallory')).toBe(true);
    visits.push(new Visit().enter(guard));
  }
  expect(guard.admits('mallory')).toBe(false);
  expect(guard.admits('derek')).toBe(true);
  visits[7]!.close(CloseCode.ok);
  expect(guard.admits('mallory')).toBe(true);
  expect(guard.heldCount).toBe(MAX_INCOMING_PER_ORIGIN - 1);
});

test('a peer that offers nothing for a minute is sent away', async () => {
  const visit: GuardedTransfer & Visit = new Visit().enter(guard);
  timers.fire(MAX_OFFER_WAIT_MS);
  expect(visit.isCancelled).toBe(true);
  await visit.end();
  expect([guard.heldCount, timers.armed.length, wakeCount]).toEqual([0, 0, 1]);
});

test('a peer whose offer has come may take its time', () => {
  const visit = new Visit().enter(guard);
  visit.name = 'movie.mp4';
  timers.fire(MAX_OFFER_WAIT_MS);
  expect(visit.isClosed).toBe(false);
  expect(guard.heldCount).toBe(1);
});

test('a peer that was told the end and does not close is closed after a minute', async () => {
  const visit = new Visit().enter(guard);
  await visit.end();
  expect(timers.armed.map(({ delayMs }) => delayMs)).toEqual([MAX_LAST_WORD_MS]);
  timers.fire(MAX_LAST_WORD_MS);
  expect(visit.closedWith).toBe(CloseCode.ok);
  expect([guard.heldCount, wakeCount]).toEqual([0, 1]);
});

test('a peer that closes as it should leaves nothing behind', async () => {
  const visit = new Visit().enter(guard);
  visit.close(CloseCode.ok);
  await visit.end();
  expect([guard.heldCount, timers.armed.length, wakeCount]).toEqual([0, 0, 0]);
});

test('when the endpoint closes, whoever was told the end is closed at once and no timer is left', async () => {
  const [told, running] = [new Visit().enter(guard), new Visit().enter(guard)];
  await told.end();
  guard.close();
  expect([told.closedWith, running.closedWith]).toEqual([CloseCode.ok, undefined]);
  // A file that was being published when it closed.
  await running.end();
  expect(running.closedWith).toBe(CloseCode.ok);
  expect([timers.armed.length, guard.heldCount]).toEqual([0, 0]);
});
