import { readFileSync } from 'node:fs';
import { availableParallelism, networkInterfaces } from 'node:os';
import { grantedBuffers, readInterfaceMtu } from '../transfer/diagnosis.ts';
import { tryDisk } from './disk-trial.ts';
import type { ClockFacts, InterfaceFact, LocalFacts } from './local-facts.ts';

/** Steps of the clock that are looked at. */
const CLOCK_STEP_COUNT = 20;

/** Looks at this machine, and at `folder` as one to receive into. Never rejects. */
export async function readLocalFacts(folder: string): Promise<LocalFacts> {
  const platform = process.platform;
  const base = {
    platform,
    nodeVersion: process.versions.node,
    coreCount: availableParallelism(),
    clock: readClock(),
    interfaces: outerInterfaces(),
    disk: await tryDisk(folder),
  };
  try {
    return { ...base, buffers: await grantedBuffers() };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { ...base, buffers: undefined, socketError: code ?? message };
  }
}

function readClock(): ClockFacts {
  let leastNs = Infinity;
  for (let count = 0; count < CLOCK_STEP_COUNT; count++) {
    const start = process.hrtime.bigint();
    let now = start;
    while (now === start) now = process.hrtime.bigint();
    leastNs = Math.min(leastNs, Number(now - start));
  }
  return { monotonicStepNs: leastNs, wallMs: Date.now() };
}

/** Those with an address that others can reach. */
function outerInterfaces(): InterfaceFact[] {
  const found = Object.entries(networkInterfaces());
  return found
    .filter(([, addresses]) => addresses?.some(({ internal }) => !internal) === true)
    .map(([name]) => ({ name, mtuBytes: mtuOf(name) }));
}

function mtuOf(name: string): number | undefined {
  if (process.platform !== 'linux') return undefined;
  return readInterfaceMtu(name, (path) => readFileSync(path, 'utf8'));
}
