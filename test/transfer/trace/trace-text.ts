import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv } from 'ajv';
import { expect } from 'vitest';
import { QlogText, qlogHead } from '../../../src/transfer/trace/qlog-text.ts';
import { TraceRecorder } from '../../../src/transfer/trace/trace-recorder.ts';

const schemaPath = resolve(import.meta.dirname, '../../../docs/trace.schema.json');
const validate = new Ajv().compile(JSON.parse(readFileSync(schemaPath, 'utf8')) as object);

export interface ReadEvent {
  readonly time: number;
  readonly name: string;
  readonly group_id: string;
  readonly data: {
    readonly header?: { readonly packet_type: string; readonly packet_number?: number };
    readonly raw?: { readonly length: number; readonly payload_length?: number };
    readonly frames?: readonly ReadFrame[];
  } & Readonly<Record<string, unknown>>;
}

export interface ReadFrame {
  readonly frame_type: string;
  readonly offset: number;
  readonly length: number;
  readonly acked_ranges: readonly (readonly [number, number])[];
}

/** Every event of a trace: each record stands between its separator and a line feed, and follows the schema. */
export function eventsIn(trace: string): ReadEvent[] {
  const [before, ...records] = trace.split('\x1e');
  expect(before).toBe('');
  const [, ...events] = records.map((text) => {
    expect(text.endsWith('\n')).toBe(true);
    const value = JSON.parse(text) as ReadEvent;
    if (!validate(value)) throw new Error(`${text}${JSON.stringify(validate.errors)}`);
    return value;
  });
  let lastTime = 0;
  for (const { time } of events) {
    expect(time).toBeGreaterThanOrEqual(lastTime);
    lastTime = time;
  }
  return events;
}

/** Those of one connection by their name. */
export function named(events: readonly ReadEvent[], group: string, name: string): ReadEvent[] {
  return events.filter((event) => event.group_id === group && event.name === name);
}

/** A recorder whose trace is written at once, into memory. */
export class MemoryTrace {
  readonly recorder: TraceRecorder;
  readonly #qlog = new QlogText(0);
  #text: string;

  constructor() {
    this.#text = qlogHead({ vantagePoint: 'client', congestion: 'bbr', referenceTimeMs: 0 });
    this.recorder = new TraceRecorder((chunk, wordCount) => {
      this.#text += this.#qlog.text(chunk, wordCount);
      this.recorder.recycle(chunk);
    }, 0);
  }

  /** The whole of it; nothing comes after. */
  end(): string {
    this.recorder.flush();
    this.recorder.stop();
    return this.#text + this.#qlog.end(this.recorder.missingCount);
  }
}
