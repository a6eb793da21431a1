/**
 * One folder from one process to another over loopback: `small-files-once.ts FOLDER INBOX` prints a
 * `PairResult`.
 */
import { runTransfer } from './transfer-pair.ts';

const [folder, inbox] = process.argv.slice(2);
const result = await runTransfer(import.meta.filename, {}, () => ({
  paths: [folder!],
  inbox: inbox!,
}));
if (result !== undefined) {
  console.log(JSON.stringify(result));
  process.exit();
}
