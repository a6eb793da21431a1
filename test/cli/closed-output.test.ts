import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
