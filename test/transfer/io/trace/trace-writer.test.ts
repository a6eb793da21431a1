import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TransferError } from '../../../../src/transfer/files/transfer-error.ts';
import type { Timers } from '../../../../src/transfer/io/clock.ts';
import { type FromTraceWriter, TraceWork } from '../../../../src/transfer/io/trace/trace-work.ts';
import {
  MAX_TRACE_CLOSE_MS,
  TRACE_FLUSH_MS,
  type TraceThread,
  TraceWriter,
} from '../../../../src/transfer/io/trace/trace-writer.ts';
import { temporaryFolder } from '../../../chat/server-fixture.ts';
import { eventsIn } from '../../trace/trace-text.ts';

const head = { vantagePoint: 'client', congestion: 'bbr', referenceTimeMs: 0 } as const;
const peer = { address: '192.0.2.1', port: 7000 };

/** A writer whose thread is this one, does what it is told when `work` is called, and may fail or hang. */
class Bench {
  readonly path = join(temporaryFolder(), 'trace');
  readonly failures: TransferError[] = [];
  readonly timers: { readonly delayMs: number; readonly action: () => void }[] = [];
  isTerminated = false;
  readonly writer: TraceWriter;
  readonly #waiting: (() => void)[] = [];
  #answer: (message: FromTraceWriter) => void = () => undefined;
  #onEnd: () => void = () => undefined;

  constructor() {
    const work = new TraceWork((message) => {
      this.#answer(message);
    });
    const thread: TraceThread = {
      post: (message) =>
        this.#waiting.push(() => {
          work.handle(message);
        }),
      listen: (onMessage, onEnd) => {
        this.#answer = onMessage;
        this.#onEnd = () => {
          onEnd(undefined);
        };
      },
      terminate: () => {
        this.isTerminated = true;
      },
    };
    const timers: Timers = {
      soon: () => undefined,
      after: (delayMs, action) => {
        const timer = { delayMs, action };
        this.timers.push(timer);
        return () => void this.timers.splice(this.timers.indexOf(timer), 1);
      },
    };
    this.writer = new TraceWriter({
      ...{ path: this.path, head, startUs: 0, timers },
      onFailed: (error) => this.failures.push(error),
      startThread: () => thread,
    });
  }

  work(): void {
    for (const act of this.#waiting.splice(0)) act();
  }

  say(message: FromTraceWriter): void {
    this.#answer(message);
  }

  endThread(): void {
    this.#onEnd();
  }

  /** The timer of this delay comes. */
  fire(delayMs: number): void {
    const at = this.timers.findIndex((timer) => timer.delayMs === delayMs);
    this.timers.splice(at, 1)[0]!.action();
  }
}

test('what happened stands in the file a flush later, and the end when it is closed', async () => {
  const bench = new Bench();
  bench.writer.recorder.begin(true, peer, 1_000);
  bench.fire(TRACE_FLUSH_MS);
  bench.work();
  const names = (): string[] => eventsIn(readFileSync(bench.path, 'utf8')).map(({ name }) => name);
  expect(names()).toEqual(['connectivity:connection_started']);
  const closed = bench.writer.close();
  bench.work();
  await closed;
  expect(names()).toEqual(['connectivity:connection_started', 'updraft:trace_ended']);
  expect([bench.timers, bench.failures]).toEqual([[], []]);
});

test('a disk that takes nothing holds the end up for MAX_TRACE_CLOSE_MS and no longer', async () => {
  const bench = new Bench();
  const closed = bench.writer.close();
  bench.fire(MAX_TRACE_CLOSE_MS);
  await closed;
  expect(bench.isTerminated).toBe(true);
  bench.endThread();
  expect(bench.failures).toEqual([]);
});

test('a failure is told once, and nothing is recorded or ticks after it', async () => {
  const bench = new Bench();
  const connection = bench.writer.recorder.begin(true, peer, 1_000);
  bench.say({ type: 'failed', message: 'no space left' });
  bench.endThread();
  connection.onProbeTimeout(2_000);
  expect(bench.failures.map(({ code, message }) => [code, message])).toEqual([
    ['local-file', `the trace ${bench.path} ends early: no space left`],
  ]);
  expect(bench.timers).toEqual([]);
  await bench.writer.close();
});
