import { expect, test } from 'vitest';
import { stateFolder } from '../../src/cli/state-folder.ts';

test.each<[NodeJS.Platform, Record<string, string>, string, string]>([
  ['linux', {}, '/home/jess', '/home/jess/.local/state/updraft'],
  ['linux', { XDG_STATE_HOME: '/var/jess' }, '/home/jess', '/var/jess/updraft'],
  ['linux', { XDG_STATE_HOME: 'relative' }, '/home/jess', '/home/jess/.local/state/updraft'],
  ['linux', { XDG_STATE_HOME: '' }, '/home/jess', '/home/jess/.local/state/updraft'],
  ['linux', { LOCALAPPDATA: '/x' }, '/home/jess', '/home/jess/.local/state/updraft'],
  ['darwin', {}, '/Users/jess', '/Users/jess/.local/state/updraft'],
  ['win32', {}, 'C:\\Users\\jess', 'C:\\Users\\jess\\AppData\\Local\\updraft'],
  ['win32', { LOCALAPPDATA: 'D:\\L' }, 'C:\\Users\\jess', 'D:\\L\\updraft'],
  [
    'win32',
    { XDG_STATE_HOME: 'E:\\s', LOCALAPPDATA: 'D:\\L' },
    'C:\\Users\\jess',
    'E:\\s\\updraft',
  ],
])('on %s with %j state of %s is kept in %s', (platform, environment, home, folder) => {
  expect(stateFolder(environment, platform, [() => home])).toBe(folder);
});

test.each<[NodeJS.Platform, string, string, string]>([
  ['linux', '', '/root', '/root/.local/state/updraft'],
  ['linux', 'jess', '/home/jess', '/home/jess/.local/state/updraft'],
  ['win32', '', 'C:\\Users\\jess', 'C:\\Users\\jess\\AppData\\Local\\updraft'],
])('on %s a HOME of %j is none: the account has %s', (platform, home, ofAccount, folder) => {
  expect(stateFolder({}, platform, [() => home, () => ofAccount])).toBe(folder);
});

test('an account without a folder is not asked for one where it is not needed', () => {
  const none = (): string => {
    throw new Error('no such account');
  };
  const home = '/home/jess';
  const usual = '/home/jess/.local/state/updraft';
  expect(stateFolder({}, 'linux', [() => home, none])).toBe(usual);
  expect(stateFolder({ XDG_STATE_HOME: '/x' }, 'linux', [none])).toBe('/x/updraft');
});
