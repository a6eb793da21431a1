import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lineOfInput } from './corpus.ts';
import type { Fault } from './runner.ts';

/** Hex digits of the input's SHA-256 in the name of a finding. */
const NAME_DIGITS = 12;

/** Target, input, and then what happened: the first two are read again. Returns the path. */
export function writeFinding(folder: string, target: string, { input, error }: Fault): string {
  const digest = createHash('sha256').update(input).digest('hex').slice(0, NAME_DIGITS);
  const path = join(folder, `${target}-${digest}.txt`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, `${target}\n${lineOfInput(input)}\n\n${error.stack ?? error.message}\n`);
  return path;
}

export function parseFinding(text: string): { readonly target: string; readonly line: string } {
  const [target, line] = text.split('\n');
  assert(target !== undefined && line !== undefined, 'a finding names its target and its input');
  return { target, line };
}
