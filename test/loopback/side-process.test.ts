import { expect, test } from 'vitest';
import { SideProcess } from '../../bench/peers/side-process.ts';
import { freePort } from '../../bench/peers/stage.ts';

const BURNT_SEC = 0.1;
const burn = `while (process.cpuUsage().user < ${BURNT_SEC * 1e6});`;
const hasProc = process.platform === 'linux';

test('the CPU time of a program is that of its children too', async () => {
  const side = new SideProcess(['sh', '-c', '"$@"; true', 'sh', process.execPath, '-e', burn]);
  const { code, cpuSec } = await side.ended;
  expect(code).toBe(0);
  // A shell counts in hundredths.
  expect(cpuSec).toBeGreaterThan(BURNT_SEC - 0.02);
});

test('a program that was told to end is heard with its CPU time', async () => {
  const side = new SideProcess(['sh', '-c', 'echo READY; exec sleep 100']);
  await side.line();
  const { code, cpuSec } = await side.stop();
  expect(code).not.toBe(0);
  expect(cpuSec).toBeGreaterThanOrEqual(0);
});

test('a program that does not end when it is told to is killed, and its CPU time is not known', async () => {
  const side = new SideProcess(['sh', '-c', 'trap "" TERM; echo READY; while :; do sleep 1; done']);
  await side.line();
  expect(await side.stop(100)).toEqual({ code: null, cpuSec: NaN });
});

test('of a program that ends early it is told what it said', async () => {
  const side = new SideProcess(['sh', '-c', 'echo READY; echo no such port >&2; exit 3']);
  expect(await side.line()).toBe('READY');
  await side.ended;
  await expect(side.line()).rejects.toThrow('it ended early: no such port');
});

test.runIf(hasProc)(
  'a program listens when the kernel says so, whatever it prints (left out without /proc)',
  async () => {
    const port = await freePort('udp');
    const listen = `require('dgram').createSocket('udp4').bind(${port}, '127.0.0.1')`;
    const side = new SideProcess([process.execPath, '-e', listen]);
    await side.listens('udp', port);
    await side.stop();
    await expect(side.listens('udp', port)).rejects.toThrow('it ended early');
  },
);
