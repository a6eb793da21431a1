import { readFileSync } from 'node:fs';
import { TransferError } from '../transfer/index.ts';

/**
 * The word that the command line names: itself, or with `@FILE` the first line of that file, which keeps
 * a ticket out of sight of ps.
 *
 * @throws `TransferError` `local-file`
 */
export function namedWord(named: string): string {
  if (!named.startsWith('@')) return named;
  const path = named.slice(1);
  if (path === '') throw new TransferError('local-file', '@ is followed by a file, as @ticket.txt');
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/, 1)[0]!.trim();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'no such file; without @ the word itself is the ticket' : message;
    throw new TransferError('local-file', `the ticket in ${path} cannot be read: ${reason}`, {
      cause,
    });
  }
}
