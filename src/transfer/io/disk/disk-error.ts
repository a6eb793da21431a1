import { TransferError } from '../../files/transfer-error.ts';

/** The `code` of an error of the system, such as `ENOENT`; empty when it has none. */
export function systemCodeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return '';
}

const noSpaceCodes = new Set(['ENOSPC', 'EDQUOT']);

const texts: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'not a folder',
  EISDIR: 'is a folder',
  ELOOP: 'too many symbolic links',
  EROFS: 'the file system is read-only',
  EIO: 'the disk failed',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
  EFBIG: 'too large for the file system',
  ENXIO: 'not a regular file',
};

/**
 * A failure of the disk as transfers report it: `no-space` when it is full, else `local-file`.
 *
 * @param what what could not be done, without a path that the peer should not learn
 */
export function diskError(what: string, error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  const systemCode = systemCodeOf(error);
  if (noSpaceCodes.has(systemCode)) {
    return new TransferError('no-space', `${what}: the disk is full`, { cause: error });
  }
  const text = texts[systemCode] ?? (systemCode === '' ? 'unexpected failure' : systemCode);
  return new TransferError('local-file', `${what}: ${text}`, { cause: error });
}
