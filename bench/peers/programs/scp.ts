import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Peer } from '../peer.ts';
import { freePort } from '../stage.ts';
import { found } from './found.ts';

const run = promisify(execFile);

/** OpenSSH's, to a server of its own with keys that nobody else has. */
export const scp: Peer = {
  name: 'scp',
  description: 'OpenSSH; from the start of scp to its end',
  isEncrypted: true,
  target: 'cut first',
  prepare: async (folder) => {
    found(['scp', 'sshd', 'ssh-keygen'], 'Debian: openssh-client, openssh-server');
    const home = join(folder, 'ssh');
    mkdirSync(home, { recursive: true, mode: 0o700 });
    // Where sshd, as root, wants an empty folder.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
    for (const key of ['host', 'user']) {
      const made = ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, key)];
      if (!existsSync(join(home, key))) await run('ssh-keygen', made);
    }
  },
  run: async (stage) => {
    const home = join(stage.folder, 'ssh');
    const port = await freePort('tcp');
    const [sshd] = found(['sshd'], 'openssh-server');
    const server = {
      ListenAddress: stage.place.addresses.b,
      Port: port,
      HostKey: join(home, 'host'),
      AuthorizedKeysFile: join(home, 'user.pub'),
      StrictModes: 'no',
      UsePAM: 'no',
      PidFile: 'none',
      PermitRootLogin: 'yes',
      Subsystem: 'sftp internal-sftp',
    };
    const client = {
      IdentityFile: join(home, 'user'),
      IdentitiesOnly: 'yes',
      StrictHostKeyChecking: 'no',
      UserKnownHostsFile: '/dev/null',
      LogLevel: 'ERROR',
      BatchMode: 'yes',
    };
    const options = (of: Record<string, string | number>): string[] =>
      Object.entries(of).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const listener = stage.start('b', sshd!, '-D', '-e', '-f', '/dev/null', ...options(server));
    await listener.listens('tcp', port);
    const to = `${userInfo().username}@${stage.place.addresses.b}:${stage.target}`;
    const command = ['scp', '-q', '-F', 'none', '-P', port, ...options(client), stage.source, to];
    return stage.wholeRun('a', ...command);
  },
};
