import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSource, runCampaign } from './kill-plan.ts';
import { type Kill, runKills, type Source, type Stage } from './kill-run.ts';

const SEED = 20_261_128;
const MOMENTS = 10;
const BYTES = 4_000_000;
const RATE = '4M';

const program = inject('upd');
let folder = '';
let source: Source;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'updraft-kills-source-'));
  source = makeSource(folder, BYTES, SEED);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test(`killed at ${MOMENTS} random moments and sent again, a file arrives whole and alone (npm run campaign: 200)`, async () => {
  const findings = await runCampaign({
    ...{ seed: SEED, momentCount: MOMENTS },
    ...{ source, rate: RATE, program, atOnce: 2 },
  });
  // Some transfers are over before their moment comes.
  expect(findings.length).toBeGreaterThan(0);
});

describe.concurrent('killed just before', () => {
  const cases: readonly (readonly [string, Kill['victim'], string, Stage])[] = [
    ['the sender opens its file', 'sender', 'open source', 'begun'],
    ['the sender reads the first piece', 'sender', 'read source', 'begun'],
    ['the state of an offer is written', 'receiver', 'open state', 'begun'],
    ['the partial of an offer is made', 'receiver', 'open part', 'begun'],
    ['the first piece is written', 'receiver', 'write part', 'begun'],
    ['a later piece is written', 'receiver', 'write part#8', 'partial'],
    ['a new state is written', 'receiver', 'open draft', 'partial'],
    ['a new state takes its place', 'receiver', 'rename draft', 'partial'],
    ['the whole file is synced', 'receiver', 'sync part', 'partial'],
    ['it gets its name', 'receiver', 'link', 'partial'],
    ['the name of the partial goes', 'receiver', 'unlink part', 'recorded'],
    ['the folder of the named file is synced', 'receiver', 'sync folder#2', 'recorded'],
    ['DONE is said', 'receiver', 'close part', 'recorded'],
    ['the record of a delivered file goes', 'receiver', 'unlink state', 'recorded'],
  ];
  test.each(cases)('%s', async (_when, victim, before, stage) => {
    const kills = [{ victim, before } as Kill];
    const [finding] = await runKills({ source, kills, rate: '100M', program });
    expect(finding!.stage).toBe(stage);
  });
});
