/**
 * Many small files over loopback against a local program that writes, syncs and renames as many
 * (`local-files.ts`), alternately: `tsx bench/loopback/small-files-rate.ts [FILES] [BYTES] [ROUNDS]
 * [FOLDER]`. FOLDER should lie on a real disk; default is where this program stands.
 *
 * Nothing is removed before the last round: ext4 passes over inodes that were freed in the last five
 * minutes, one by one for each file that is created, which took up to a millisecond a file.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { median, runScript } from './alternate.ts';
import { checkTree, makeTree } from './small-tree.ts';
import type { PairResult } from './transfer-pair.ts';

interface LocalResult {
  readonly elapsedMs: number;
  readonly cpuUs: number;
}

const [files = '10000', bytes = '4096', rounds = '5', parent = '.'] = process.argv.slice(2);
const sec = (ms: number): string => (ms / 1000).toFixed(2);
const folder = mkdtempSync(join(parent, 'updraft-small-'));
try {
  const source = join(folder, 'source');
  makeTree(source, Number(files), Number(bytes));
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`);
  console.log(`${files} files of ${bytes} bytes, seconds`);
  const ratios: number[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    const target = join(folder, `local-${round}`);
    const inbox = join(folder, `inbox-${round}`);
    const runLocal = (): LocalResult =>
      runScript('local-files.ts', [target, files, bytes]) as LocalResult;
    const transfer = (): PairResult =>
      runScript('small-files-once.ts', [source, inbox]) as PairResult;
    mkdirSync(inbox);
    // Each goes first as often as the other.
    const isLocalFirst = round % 2 === 0;
    const first = isLocalFirst ? runLocal() : undefined;
    const sent = transfer();
    const local = first ?? runLocal();
    checkTree(join(inbox, 'source'), Number(files), Number(bytes), Math.ceil(Number(files) / 200));
    const ratio = sent.elapsedMs / local.elapsedMs;
    ratios.push(ratio);
    console.log(
      `local ${sec(local.elapsedMs)} (CPU ${sec(local.cpuUs / 1000)})  ` +
        `transfer ${sec(sent.elapsedMs)} (CPU ${sec(sent.sendCpuUs / 1000)} + ` +
        `${sec(sent.receiveCpuUs / 1000)})  ratio ${ratio.toFixed(3)}  ` +
        `RSS ${(sent.sendRssBytes / 1e6).toFixed(0)} + ${(sent.receiveRssBytes / 1e6).toFixed(0)} MB`,
    );
  }
  const [lowest, highest] = [Math.min(...ratios), Math.max(...ratios)];
  console.log(
    `median ratio ${median(ratios).toFixed(3)} (${lowest.toFixed(3)} to ${highest.toFixed(3)})`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
