import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { tryDisk } from '../../src/doctor/disk-trial.ts';
import {
  type CheckName,
  exitCodeOfFindings,
  type Finding,
  linesOf,
  reportOf,
} from '../../src/doctor/finding.ts';
import { judgeLocal } from '../../src/doctor/judge-local.ts';
import type { DiskFacts, LocalFacts } from '../../src/doctor/local-facts.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { disk, machine } from './local-machines.ts';

function finding(check: CheckName, changes: Partial<LocalFacts>): Finding {
  return judgeLocal(machine(changes)).find((found) => found.check === check)!;
}

const small = { wantedReceiveBytes: 4_194_304, wantedSendBytes: 1_048_576 };

test('a machine on which all is well has a line for each check, no next step and exit code 0', () => {
  const findings = judgeLocal(machine());
  expect(findings.map(({ check }) => check)).toEqual([
    ...['node', 'cpu', 'clock', 'buffers', 'mtu', 'disk'],
  ]);
  expect(findings.every(({ verdict, next }) => verdict === 'ok' && next.length === 0)).toBe(true);
  expect(exitCodeOfFindings(findings)).toBe(0);
});

describe('socket buffers', () => {
  test.each([
    [212_992, 212_992, 'sudo sysctl -w net.core.rmem_max=4194304 net.core.wmem_max=1048576'],
    [212_992, 1_048_576, 'sudo sysctl -w net.core.rmem_max=4194304'],
    [4_194_304, 212_992, 'sudo sysctl -w net.core.wmem_max=1048576'],
  ])('of %i and %i bytes on Linux are raised by `%s`', (receiveBytes, sendBytes, command) => {
    const found = finding('buffers', { buffers: { ...small, receiveBytes, sendBytes } });
    expect(found).toMatchObject({ verdict: 'note', exitCode: 0 });
    expect(found.next[0]).toBe(command);
  });

  test('that are small have the one command of macOS, and none on Windows', () => {
    const buffers = { ...small, receiveBytes: 65_536, sendBytes: 65_536 };
    expect(finding('buffers', { platform: 'darwin', buffers }).next).toEqual([
      'sudo sysctl -w kern.ipc.maxsockbuf=8388608',
    ]);
    const windows = finding('buffers', { platform: 'win32', buffers });
    expect(windows.verdict).toBe('note');
    expect(windows.next.join()).not.toContain('sysctl');
  });

  test('of no socket at all are a problem, which says what the system said', () => {
    const found = finding('buffers', { buffers: undefined, socketError: 'EMFILE' });
    expect(found).toMatchObject({ verdict: 'problem', exitCode: 1 });
    expect(found.text).toContain('EMFILE');
  });
});

test.each([
  ['18.20.4', 'problem', 1],
  ['20.14.0', 'note', 0],
  ['20.15.0', 'ok', 0],
  ['22.1.0', 'ok', 0],
] as const)('Node %s is judged as %s', (nodeVersion, verdict, exitCode) => {
  expect(finding('node', { nodeVersion })).toMatchObject({ verdict, exitCode });
});

test('one core is a note', () => {
  expect(finding('cpu', { coreCount: 1 }).verdict).toBe('note');
});

test('a clock that was never set is a note with the command of its platform', () => {
  const clock = { monotonicStepNs: 100, wallMs: 0 };
  const commands = (['linux', 'darwin', 'win32', 'freebsd'] as const).map(
    (platform) => finding('clock', { platform, clock }).next[0],
  );
  expect(commands[0]).toContain('timedatectl');
  expect(commands[1]).toContain('sntp');
  expect(commands[2]).toContain('w32tm');
  expect(new Set(commands).size).toBe(4);
});

test('a monotonic clock in steps of 15.6 ms is a note', () => {
  const clock = { monotonicStepNs: 15_600_000, wallMs: Date.UTC(2026, 0, 1) };
  expect(finding('clock', { clock })).toMatchObject({ verdict: 'note' });
});

describe('the MTU', () => {
  test.each([
    [1247, 'note'],
    [1248, 'ok'],
    [9000, 'ok'],
    [undefined, 'ok'],
  ] as const)('of %s bytes is judged as %s', (mtuBytes, verdict) => {
    const interfaces = [
      { name: 'eth0', mtuBytes: 1500 },
      { name: 'wg0', mtuBytes },
    ];
    expect(finding('mtu', { interfaces }).verdict).toBe(verdict);
  });

  test('of a tunnel is told by its name, and what the system does not tell is not made up', () => {
    const tunnel = finding('mtu', { interfaces: [{ name: 'wg0', mtuBytes: 1420 }] });
    expect(tunnel.text).toContain('wg0 1420');
    const unknown = finding('mtu', { interfaces: [{ name: 'en0', mtuBytes: undefined }] });
    expect(unknown.text).toContain('en0 (the system does not tell)');
    expect(unknown.facts['leastMtuBytes']).toBeUndefined();
  });

  test('of a hundred interfaces is one line, and without any interface a note', () => {
    const interfaces = Array.from({ length: 100 }, (_, nth) => {
      return { name: `veth${nth}`, mtuBytes: 1500 };
    });
    expect(finding('mtu', { interfaces }).text).toContain('and 94 more');
    expect(finding('mtu', { interfaces: [] }).verdict).toBe('note');
  });
});

describe('the disk', () => {
  test.each<[string, Partial<DiskFacts>, string, number]>([
    ['that hangs', { isStuck: true, isFolder: false }, 'problem', 3],
    ['without that folder', { isFolder: false }, 'problem', 3],
    ['of somebody else', { write: 'EACCES' }, 'problem', 3],
    ['that is mounted read-only', { write: 'EROFS' }, 'problem', 3],
    ['that is full', { write: 'ENOSPC' }, 'problem', 9],
    ['with less than 5 % free', { freeBytes: 50e9 }, 'problem', 9],
    ['with more than 5 % free', { freeBytes: 50e9 + 1 }, 'ok', 0],
    ['whose fsync fails', { fsync: 'EINVAL', syncMs: undefined }, 'problem', 3],
    ['whose rename fails', { rename: 'EPERM' }, 'problem', 3],
    ['without hard links', { link: 'EPERM' }, 'ok', 0],
    ['with syncs of 201 ms', { syncMs: 201 }, 'note', 0],
    ['whose room is unknown', { freeBytes: undefined, totalBytes: undefined }, 'ok', 0],
  ])('%s is judged', (_name, changes, verdict, exitCode) => {
    const found = finding('disk', { disk: disk(changes) });
    expect(found).toMatchObject({ verdict, exitCode });
    expect(found.next).toHaveLength(verdict === 'ok' ? 0 : 1);
  });

  test('is tried and left as it was', async () => {
    const folder = temporaryFolder();
    const found = await tryDisk(folder);
    expect(found).toMatchObject({ isFolder: true, isStuck: false, write: undefined });
    expect(found).toMatchObject({ fsync: undefined, rename: undefined, link: undefined });
    expect(found.freeBytes).toBeLessThanOrEqual(found.totalBytes!);
    // What is left of a trial would stand in everybody's inbox.
    expect(readdirSync(folder)).toEqual([]);
  });

  test('of a folder that is none is told so', async () => {
    expect(await tryDisk('/nowhere/at/all')).toMatchObject({ isFolder: false, isStuck: false });
    expect(await tryDisk('/dev/null')).toMatchObject({ isFolder: false });
  });
});

test('the exit code is that of the first problem', () => {
  const findings = judgeLocal(
    machine({ coreCount: 1, nodeVersion: '18.0.0', disk: disk({ write: 'ENOSPC' }) }),
  );
  expect(exitCodeOfFindings(findings)).toBe(1);
  expect(exitCodeOfFindings(findings.slice(1))).toBe(9);
});

test('every next step has a line of its own below its finding', () => {
  const found = finding('buffers', {
    buffers: { ...small, receiveBytes: 212_992, sendBytes: 1_048_576 },
  });
  const lines = linesOf(found);
  expect(lines[0]).toMatch(/^note {5}buffers {2}the kernel grants 213\.0 kB to receive/);
  expect(lines[1]).toMatch(/^ +→ sudo sysctl -w net\.core\.rmem_max=4194304$/);
  expect(lines).toHaveLength(1 + found.next.length);
});

test('the report of a good and of a bad machine is as the schema says', () => {
  const path = resolve(import.meta.dirname, '../../docs/doctor.schema.json');
  const validate = new Ajv({ allowUnionTypes: true }).compile(
    JSON.parse(readFileSync(path, 'utf8')) as object,
  );
  const bad = machine({
    buffers: undefined,
    interfaces: [{ name: 'en0', mtuBytes: undefined }],
    disk: disk({ isFolder: false, freeBytes: undefined, totalBytes: undefined }),
  });
  for (const facts of [machine(), bad]) {
    const report: unknown = JSON.parse(JSON.stringify(reportOf(judgeLocal(facts), 1)));
    expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
  }
});
