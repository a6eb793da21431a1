import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Name of the file of this number. */
export function nameOf(index: number): string {
  return `file-${String(index).padStart(7, '0')}.bin`;
}

/** Content of the file of this number: each has another one. */
export function contentOf(index: number, bytes: number): Uint8Array {
  const content = Buffer.alloc(bytes, index % 251);
  if (bytes >= 4) content.writeUInt32BE(index);
  return content;
}

/** Makes a folder of `count` files of `bytes` bytes. */
export function makeTree(folder: string, count: number, bytes: number): void {
  mkdirSync(folder);
  for (let index = 0; index < count; index++) {
    writeFileSync(join(folder, nameOf(index)), contentOf(index, bytes));
  }
}

/** Throws unless `folder` holds exactly what `makeTree` made, as far as each `step`-th file tells. */
export function checkTree(folder: string, count: number, bytes: number, step: number): void {
  for (let index = 0; index < count; index += step) {
    const content = readFileSync(join(folder, nameOf(index)));
    if (Buffer.compare(content, contentOf(index, bytes)) !== 0) {
      throw new Error(`${nameOf(index)} is not what was sent`);
    }
  }
}
