import type { BigIntStats } from 'node:fs';

/**
 * As far as its description tells. Its `ctime` alone gives away somebody who changes a file in place
 * and sets its time back; but it also moves when the file gets or loses a name, an owner or a mode, and
 * none of these is a reason to send it again.
 */
export function isSameContent(then: BigIntStats, now: BigIntStats): boolean {
  if (now.size !== then.size || now.mtimeNs !== then.mtimeNs) return false;
  if (now.ctimeNs === then.ctimeNs) return true;
  return (
    now.nlink !== then.nlink ||
    now.mode !== then.mode ||
    now.uid !== then.uid ||
    now.gid !== then.gid
  );
}
