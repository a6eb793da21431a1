import { createReadStream } from 'node:fs';

/** Longer records are not read: the longest of this program has some 6 kB. */
export const MAX_RECORD_BYTES = 1_048_576;
/** Later events are taken for damaged: 30 years. */
const MAX_TIME_MS = 1e12;
/** RFC 7464. */
const RECORD_SEPARATOR = 0x1e;
const LINE_FEED = 0x0a;

/** One event of a trace; `data` is what it says and may hold anything. */
export interface TraceEvent {
  /** Since the trace's start. */
  readonly timeMs: number;
  readonly name: string;
  /** Which connection it belongs to; empty where it does not say. */
  readonly group: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What was found beside the events. */
export interface TraceReading {
  /** Records that are no events. */
  readonly unreadableCount: number;
  /** It ends within a record, or without the event by which this program ends its traces. */
  readonly isCut: boolean;
}

/** A file that is no trace. The message is a clause for people. */
export class NoTraceError extends Error {
  override readonly name = 'NoTraceError';
}

/**
 * Reads a qlog file in JSON-SEQ, whoever wrote it, and tells its events in their order. What cannot be
 * read is left out and counted. Memory is bounded by `MAX_RECORD_BYTES`.
 *
 * @throws `NoTraceError`, or what the system says of the file
 */
export async function readTrace(
  path: string,
  onEvent: (event: TraceEvent) => void,
): Promise<TraceReading> {
  const reading = new Reading(onEvent);
  for await (const chunk of createReadStream(path)) reading.take(chunk as Buffer);
  return reading.end();
}

class Reading {
  readonly #onEvent: (event: TraceEvent) => void;
  /** Of the record that has begun. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #hasBegun = false;
  #hasHead = false;
  #isOurs = false;
  #isEnded = false;
  #unreadableCount = 0;

  constructor(onEvent: (event: TraceEvent) => void) {
    this.#onEvent = onEvent;
  }

  take(chunk: Buffer): void {
    let from = 0;
    if (!this.#hasBegun) {
      if (chunk[0] !== RECORD_SEPARATOR) throw new NoTraceError(NO_SEQUENCE);
      this.#hasBegun = true;
      from = 1;
    }
    for (;;) {
      const at = chunk.indexOf(RECORD_SEPARATOR, from);
      if (at < 0) break;
      this.#keep(chunk.subarray(from, at));
      this.#record();
      from = at + 1;
    }
    this.#keep(chunk.subarray(from));
  }

  end(): TraceReading {
    if (!this.#hasBegun) throw new NoTraceError('it is empty');
    const last = this.#parts.at(-1);
    const isWhole = last?.at(-1) === LINE_FEED;
    if (isWhole) this.#record();
    else if (!this.#hasHead) throw new NoTraceError(NO_HEAD);
    const isCut = !isWhole || (this.#isOurs && !this.#isEnded);
    return { unreadableCount: this.#unreadableCount, isCut };
  }

  #keep(part: Buffer): void {
    this.#partBytes += part.length;
    // Of one that is too long nothing is kept.
    if (this.#partBytes > MAX_RECORD_BYTES) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  #record(): void {
    const text = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#partBytes = 0;
    const value = objectIn(text);
    if (!this.#hasHead) {
      this.#head(value);
      return;
    }
    const event = value && eventOf(value);
    if (event === undefined) this.#unreadableCount++;
    else if (event.name === 'updraft:trace_ended') this.#isEnded = true;
    else this.#onEvent(event);
  }

  #head(value: Readonly<Record<string, unknown>> | undefined): void {
    const trace = objectOf(value?.['trace']);
    if (value?.['qlog_format'] !== 'JSON-SEQ' || trace === undefined) {
      throw new NoTraceError(NO_HEAD);
    }
    const { time_format: format } = objectOf(trace['common_fields']) ?? {};
    if (format !== 'relative') throw new NoTraceError('its times are not relative to its start');
    this.#hasHead = true;
    this.#isOurs = value['title'] === 'updraft';
  }
}

const NO_SEQUENCE = 'it is no sequence of JSON records, as --trace writes one';
const NO_HEAD = 'it does not begin as a qlog file in JSON-SEQ';

/** Undefined when it is no object. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Readonly<Record<string, unknown>>;
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function eventOf(value: Readonly<Record<string, unknown>>): TraceEvent | undefined {
  const { time, name, group_id: group = '', data } = value;
  const fields = objectOf(data);
  if (typeof time !== 'number' || !(time >= 0 && time <= MAX_TIME_MS)) return undefined;
  if (typeof name !== 'string' || typeof group !== 'string') return undefined;
  return fields && { timeMs: time, name, group, data: fields };
}
