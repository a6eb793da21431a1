import type { DiskFacts, LocalFacts } from '../../src/doctor/local-facts.ts';

/** A machine on which all is well; `changes` makes another of it. */
export function machine(changes: Partial<LocalFacts> = {}): LocalFacts {
  return {
    platform: 'linux',
    nodeVersion: '20.20.0',
    coreCount: 4,
    clock: { monotonicStepNs: 100, wallMs: Date.UTC(2026, 10, 28) },
    buffers: {
      receiveBytes: 4_194_304,
      wantedReceiveBytes: 4_194_304,
      sendBytes: 1_048_576,
      wantedSendBytes: 1_048_576,
    },
    interfaces: [{ name: 'eth0', mtuBytes: 1500 }],
    disk: disk(),
    ...changes,
  };
}

export function disk(changes: Partial<DiskFacts> = {}): DiskFacts {
  return {
    folder: '/home/jess/inbox',
    isStuck: false,
    isFolder: true,
    freeBytes: 500e9,
    totalBytes: 1000e9,
    write: undefined,
    fsync: undefined,
    syncMs: 3,
    rename: undefined,
    link: undefined,
    ...changes,
  };
}
