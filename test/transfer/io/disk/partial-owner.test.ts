import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  mayStillRun,
  ownSignature,
  signatureOf,
} from '../../../../src/transfer/io/disk/partial-owner.ts';

test('a process that runs may still write, also in another thread of this one', () => {
  expect(mayStillRun(signatureOf(process.ppid, 0))).toBe(true);
  expect(mayStillRun(signatureOf(process.pid, 99))).toBe(true);
});

test('nobody, this thread, an ended process and nonsense write nothing more', () => {
  for (const signature of ['', ownSignature, signatureOf(999_999_999, 0), 'x', '1.2', '-1.0.x.1']) {
    expect(mayStillRun(signature), signature).toBe(false);
  }
});

test('a process from before the last start of the machine does not run', () => {
  const [pid, thread, , start] = signatureOf(process.ppid, 0).split('.');
  expect(mayStillRun([pid, thread, 'another-boot', start].join('.'))).toBe(false);
});

test.runIf(existsSync('/proc/self/stat'))(
  'a process that has the number of an ended one is not taken for it (left out where the system does not tell)',
  () => {
    const [pid, thread, boot, start] = signatureOf(process.ppid, 0).split('.');
    const earlier = String(Number(start) - 1);
    expect(mayStillRun([pid, thread, boot, earlier].join('.'))).toBe(false);
  },
);
