import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Inputs kept for one target. */
export const MAX_KEPT_INPUTS = 150;

export const CORPUS_FOLDER: string = join(import.meta.dirname, 'corpus');

/**
 * One input as a line: a JSON string where it is printable ASCII with line ends, hexadecimal digits
 * where it is not.
 */
export function lineOfInput(input: Uint8Array): string {
  const text = Buffer.from(input).toString('latin1');
  return /^[\n\r\t -~]*$/.test(text) ? JSON.stringify(text) : Buffer.from(input).toString('hex');
}

export function inputOfLine(line: string): Uint8Array {
  const isText = line.startsWith('"');
  const bytes = isText
    ? Buffer.from(JSON.parse(line) as string, 'latin1')
    : Buffer.from(line, 'hex');
  return new Uint8Array(bytes);
}

/** The kept inputs of a target; none when there is no file. */
export function readCorpus(name: string, folder: string = CORPUS_FOLDER): Uint8Array[] {
  const path = join(folder, `${name}.txt`);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map(inputOfLine);
}

export function writeCorpus(
  name: string,
  inputs: readonly Uint8Array[],
  folder: string = CORPUS_FOLDER,
): void {
  const lines = inputs.map((input) => `${lineOfInput(input)}\n`);
  writeFileSync(join(folder, `${name}.txt`), lines.sort().join(''));
}
