import { readFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';

/** Partials that running transfers of this thread write, by path: whatever inbox object they came by. */
export const ownedPaths: Set<string> = new Set();

/** How a thread signs the states of partials that it writes. */
export function signatureOf(pid: number, thread: number): string {
  return `${pid}.${thread}.${bootId()}.${startOf(pid)}`;
}

/** How this thread does. */
export const ownSignature: string = signatureOf(process.pid, threadId);

/**
 * Whoever signed a state may still write its partial: its process runs, and not since before the machine
 * was started. An empty signature is nobody's, this thread's own is settled by `ownedPaths`.
 */
export function mayStillRun(signature: string): boolean {
  if (signature === '' || signature === ownSignature) return false;
  const [pid, , boot, start] = signature.split('.');
  if (!/^\d{1,10}$/.test(pid!) || boot !== bootId()) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    // Somebody else's process, which we may not ask.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  // Another process has the number of one that ended: soon, where there are few numbers (containers).
  return start === undefined || start === startOf(Number(pid));
}

/** Another one after each start of the machine, where the system tells. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** When a process was started, in the system's ticks (proc(5), field 22); empty where it does not tell. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // Its name, in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
