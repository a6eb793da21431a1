/**
 * Preloaded into `upd` by tests (`node --import`): notes what its disk layer does to the file in transfer,
 * and kills the process by SIGKILL just before a named call. The program itself knows nothing of it.
 *
 * - `UPDRAFT_DISK_LOG`: a file that gets a line for each call, `CALL [POSITION]`
 * - `UPDRAFT_KILL_BEFORE`: `CALL`, or `CALL#N` for the N-th one
 *
 * A call is the name of a function and what it is done to: `write part`, `link`, `sync folder`, `read source`.
 */
import { appendFileSync, promises as disk } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { UPDRAFT_DISK_LOG: log, UPDRAFT_KILL_BEFORE: killBefore = '' } = process.env;
const [wanted, nth = '1'] = killBefore.split('#');
let left = Number(nth);

function onCall(call, position) {
  if (call === wanted && --left === 0) process.kill(process.pid, 'SIGKILL');
  if (log !== undefined)
    appendFileSync(log, position === undefined ? `${call}\n` : `${call} ${position}\n`);
}

function kindOf(path) {
  if (path.endsWith('.part.state~')) return 'draft';
  if (path.endsWith('.part.state')) return 'state';
  if (path.endsWith('.part')) return 'part';
  return /\.(bin|mp4)$/.test(path) ? 'source' : undefined;
}

const { open, link, rename, unlink } = disk;

function watched(handle, kind) {
  return new Proxy(handle, {
    get(target, key) {
      const member = Reflect.get(target, key);
      if (typeof member !== 'function') return member;
      return (...all) => {
        const position =
          key === 'write' || key === 'read' ? all[3] : key === 'truncate' ? all[0] : undefined;
        onCall(`${key} ${kind}`, position);
        return member.apply(target, all);
      };
    },
  });
}

disk.open = async (path, flags, ...rest) => {
  const text = String(path);
  // Folders are opened to be synced only.
  const kind = kindOf(text) ?? (text === process.env.UPDRAFT_INBOX ? 'folder' : undefined);
  if (kind === undefined) return open(path, flags, ...rest);
  onCall(`open ${kind}`);
  return watched(await open(path, flags, ...rest), kind);
};
disk.link = async (from, to) => {
  onCall('link');
  await link(from, to);
};
disk.rename = async (from, to) => {
  onCall(`rename ${kindOf(String(from)) ?? 'other'}`);
  await rename(from, to);
};
disk.unlink = async (path) => {
  onCall(`unlink ${kindOf(String(path)) ?? 'other'}`);
  await unlink(path);
};
syncBuiltinESMExports();
