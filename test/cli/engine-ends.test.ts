import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { UpdProcess } from './upd-process.ts';

/** Runs in every thread of the program: all but the first fail as soon as there is a file of this name. */
const breaker = `
  const { existsSync } = require('node:fs');
  const { isMainThread } = require('node:worker_threads');
  if (!isMainThread) {
    setInterval(() => {
      if (existsSync(process.env.BREAK_WHEN)) throw new Error('it broke');
    }, 10);
  }
`;

test.each([['receive'], ['bench --listen']])(
  'upd %s says that its engine has failed, and waits for nobody any more',
  async (command) => {
    const folder = temporaryFolder();
    const [required, breakWhen] = [join(folder, 'breaker.cjs'), join(folder, 'break')];
    await writeFile(required, breaker);
    const upd = new UpdProcess(command.split(' '), {
      NODE_OPTIONS: `--require ${required}`,
      BREAK_WHEN: breakWhen,
    });
    await upd.see('upd1');
    await writeFile(breakWhen, '');
    expect(await upd.exit).toBe(1);
    expect(upd.errors.filter((line) => line.includes('has ended: it broke'))).toHaveLength(1);
  },
);
