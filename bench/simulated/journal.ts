import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Outcome } from './job.ts';

/**
 * Outcomes by the keys of their jobs, one line of JSON each, written as they come: a run that was
 * interrupted goes on where it was. What one commit has shown says nothing of another, so a journal
 * belongs to one commit; one of changes that are in no commit starts anew.
 */
export class Journal {
  readonly outcomes: Map<string, Outcome> = new Map();
  readonly #file: string;

  constructor(file: string, isKept: boolean) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true });
    if (!isKept) rmSync(file, { force: true });
    if (existsSync(file)) this.#read(readFileSync(file, 'utf8'));
  }

  add(key: string, outcome: Outcome): void {
    this.outcomes.set(key, outcome);
    appendFileSync(this.#file, `${JSON.stringify({ key, outcome })}\n`);
  }

  /** The last line may be cut: its job runs again. */
  #read(text: string): void {
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole !== text) writeFileSync(this.#file, whole);
    for (const line of whole.split('\n').slice(0, -1)) {
      const { key, outcome } = JSON.parse(line) as { key: string; outcome: Outcome };
      this.outcomes.set(key, outcome);
    }
  }
}
