import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startFixture, type ServerFixture } from '../chat/server-fixture.ts';
import { ClientProcess } from './client-process.ts';

/** When the clock of the server stands still. */
const START = '25 Apr 2021 05:26:30';

function at(second: number): string {
  return `25 Apr 2021 05:26:${second}`;
}

/** The port in `jess, 127.0.0.1, PORT, active since TIME.` */
function portIn(line: string): string {
  return /, (\d+), active since/.exec(line)![1]!;
}

/** Reads a log file until it holds `text`, to the byte. */
async function expectLog({ read }: ServerFixture, name: string, text: string): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (read(name) !== text && performance.now() < deadlineMs) await turn();
  expect(read(name)).toBe(text);
}

test('users leave by OUT, by kill -9 and by silence: both log files are exact to the byte after each step', async () => {
  const fixture = await startFixture();
  const { server, clock, read } = fixture;
  const jess = await ClientProcess.enter(server.port, 'jess');
  clock.advance(1_000);
  const derek = await ClientProcess.enter(server.port, 'derek');
  clock.advance(1_000);
  const steve = await ClientProcess.enter(server.port, 'steve');
  steve.type('ATU');
  jess.type('ATU');
  const jessPort = portIn(await steve.see('jess, '));
  const derekPort = portIn(await jess.see('derek, '));
  const stevePort = portIn(await jess.see('steve, '));
  const lineOf = {
    jess: `${START}; jess; 127.0.0.1; ${jessPort}\n`,
    derek: `${at(31)}; derek; 127.0.0.1; ${derekPort}\n`,
    steve: `${at(32)}; steve; 127.0.0.1; ${stevePort}\n`,
  };
  expect(read('userlog.txt')).toBe(`1; ${lineOf.jess}2; ${lineOf.derek}3; ${lineOf.steve}`);
  expect(read('messagelog.txt')).toBe('');

  derek.type('MSG one; with a semicolon', 'MSG two');
  await derek.see('Message #2 posted');
  steve.type('MSG three');
  await steve.see('Message #3 posted');
  expect(read('messagelog.txt')).toBe(
    `1; ${at(32)}; derek; one; with a semicolon; no\n` +
      `2; ${at(32)}; derek; two; no\n3; ${at(32)}; steve; three; no\n`,
  );

  // By OUT: the others are renumbered, the messages stay.
  jess.type('OUT');
  expect(await jess.exit).toBe(0);
  expect(read('userlog.txt')).toBe(`1; ${lineOf.derek}2; ${lineOf.steve}`);

  clock.advance(1_000);
  derek.type(`DLT 1 ${at(32)}`, `EDT #1 ${at(32)} two, edited`);
  await derek.see('Message #1 edited');
  expect(read('messagelog.txt')).toBe(
    `1; ${at(33)}; derek; two, edited; yes\n2; ${at(32)}; steve; three; no\n`,
  );

  // By kill -9.
  derek.child.kill('SIGKILL');
  await expectLog(fixture, 'userlog.txt', `1; ${lineOf.steve}`);
  steve.type('ATU', `UPD derek ${import.meta.filename}`);
  await steve.see('no other active user');
  await steve.see('could not be delivered to derek: not online');

  // By silence, as of a machine that sleeps: 15 s later it is gone.
  steve.child.kill('SIGSTOP');
  clock.advance(14_500);
  expect(read('userlog.txt')).toBe(`1; ${lineOf.steve}`);
  clock.advance(500);
  await expectLog(fixture, 'userlog.txt', '');
  expect(read('messagelog.txt')).toBe(
    `1; ${at(33)}; derek; two, edited; yes\n2; ${at(32)}; steve; three; no\n`,
  );

  // It wakes up: one line, exit 6.
  steve.child.kill('SIGCONT');
  expect(await steve.exit).toBe(6);
  expect(steve.errors.filter((line) => line.includes('server'))).toHaveLength(1);
});

test('whoever comes back after kill -9 is logged in at once, and those who stay see it come and go', async () => {
  const { server } = await startFixture();
  const jess = await ClientProcess.enter(server.port, 'jess');
  const derek = await ClientProcess.enter(server.port, 'derek');
  derek.child.kill('SIGKILL');
  const again = await ClientProcess.enter(server.port, 'derek');
  again.type('MSG back');
  expect(await jess.see('back')).toBe(`#1, derek: "back", posted at ${START}.`);
  jess.type('ATU');
  await jess.see('derek, 127.0.0.1, ');
});
