import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { UPD } from './upd-process.ts';

test.each([[['--help']], [['bench', '--help']], [['completion', 'bash']], [['doctor']]])(
  'whoever reads the output of %j may go away: nothing is said of it',
  async (args) => {
    const upd = spawn(process.execPath, [...UPD, ...args]);
    upd.stdout.destroy();
    let told = '';
    upd.stderr.on('data', (chunk) => (told += String(chunk)));
    expect(await once(upd, 'close')).toEqual([0, null]);
    expect(told).toBe('');
  },
);

test.each([
  [['completion', 'bash']],
  [['receive', '--host', '127.0.0.1']],
  [['bench', '--listen']],
])('a full disk behind stdout of %j is told once, and is a failure', async (args) => {
  const full = openSync('/dev/full', 'w');
  const upd = spawn(process.execPath, [...UPD, ...args], { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  let told = '';
  upd.stderr!.on('data', (chunk) => (told += String(chunk)));
  expect(await once(upd, 'close')).toEqual([3, null]);
  expect(told.match(/stdout cannot be written: ENOSPC/g)).toHaveLength(1);
});
