/**
 * The yardstick of many small files: `local-files.ts FOLDER COUNT BYTES` writes COUNT files of BYTES
 * bytes into FOLDER, each under a draft's name, syncs each and renames it, then syncs the folder, and
 * prints `{ elapsedMs, cpuUs }`. `SIDE_BY_SIDE` files are under way at a time: on the disk measured more
 * of them, or more threads than the four that Node has, gained nothing.
 */
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { contentOf, nameOf } from './small-tree.ts';
import { cpuUs, startCpu } from './process-pair.ts';

const SIDE_BY_SIDE = 32;
const [folder, countText, bytesText] = process.argv.slice(2);
const [count, bytes] = [Number(countText), Number(bytesText)];

startCpu();
const startMs = performance.now();
await mkdir(folder!);
let next = 0;
const writers = Array.from({ length: SIDE_BY_SIDE }, async () => {
  while (next < count) {
    const index = next++;
    const path = join(folder!, nameOf(index));
    const handle = await open(`${path}.draft`, 'wx', 0o600);
    await handle.write(contentOf(index, bytes));
    await handle.sync();
    await handle.close();
    await rename(`${path}.draft`, path);
  }
});
await Promise.all(writers);
const handle = await open(folder!, 'r');
await handle.sync();
await handle.close();
console.log(JSON.stringify({ elapsedMs: performance.now() - startMs, cpuUs: cpuUs() }));
