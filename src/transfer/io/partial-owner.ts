import { readFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';

/** Partials that running transfers of this thread write, by path: whatever inbox object they came by. */
export const ownedPaths: Set<string> = new Set();

/** How this thread signs the states of partials that it writes. */
export const ownSignature: string = `${process.pid}.${threadId}.${bootId()}`;

/**
 * Whoever signed a state may still write its partial: its process runs, and not since before the machine
 * was started. An empty signature is nobody's, this thread's own is settled by `ownedPaths`.
 */
export function mayStillRun(signature: string): boolean {
  if (signature === '' || signature === ownSignature) return false;
  const [pid, , boot] = signature.split('.');
  if (!/^\d{1,10}$/.test(pid!) || boot !== bootId()) return false;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    // Somebody else's process, which we may not ask.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Another one after each start of the machine, where the system tells. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
