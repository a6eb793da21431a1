import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildUpd } from '../program/build.ts';
import { makeSource, runCampaign, summaryOf } from './kill-plan.ts';

/**
 * `npm run campaign`: a file between two real processes, killed at random moments and sent again until it
 * is delivered.
 */
const { values } = parseArgs({
  options: {
    moments: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    megabytes: { type: 'string', default: '200' },
    'megabytes-per-sec': { type: 'string', default: '40' },
    'at-once': { type: 'string', default: '2' },
  },
});
const seed = Number(values.seed);
const megabytes = Number(values.megabytes);
const megabytesPerSec = Number(values['megabytes-per-sec']);

const folder = mkdtempSync(join(tmpdir(), 'updraft-campaign-'));
const startMs = performance.now();
try {
  console.log(
    `seed ${seed}: ${values.moments} moments of ${megabytes} MB at ${megabytesPerSec} MB/s`,
  );
  const findings = await runCampaign({
    seed,
    momentCount: Number(values.moments),
    source: makeSource(folder, megabytes * 1e6, seed),
    rate: `${megabytesPerSec}M`,
    program: buildUpd(folder),
    atOnce: Number(values['at-once']),
    onRun: (index, outcome) => {
      const what =
        outcome instanceof Error
          ? `FAILED: ${outcome.message}`
          : outcome.map(({ stage, againBytes }) => `${stage} ${againBytes}`).join(', ');
      console.log(`transfer ${index}: ${what}`);
    },
  });
  console.log(summaryOf(findings));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  console.log(`${((performance.now() - startMs) / 60_000).toFixed(1)} minutes`);
  rmSync(folder, { recursive: true, force: true });
}
