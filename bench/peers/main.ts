/**
 * updraft beside what one would take instead, file to file on tmpfs, on loopback and over emulated links:
 *
 *     npm run bench:peers -- [--rounds 5] [--mib 256] [--peers NAME,NAME…] [--install] [--modules DIR]
 *                            [--netlab DIR [--link MBIT,MS,LOSS]… [--link-mib N]] [--no-loopback] [--save]
 *
 * A program that is not here is named and left out. `--save` writes the tables, all runs and the plot to
 * `bench/results`.
 */
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiledScript } from '../compiled.ts';
import { readEnvironment } from '../simulated/environment.ts';
import { type PeerOptions, readPeerArguments } from './arguments.ts';
import { Measure, type Run } from './measure.ts';
import type { Peer } from './peer.ts';
import { emulated, loopback, type Place } from './place.ts';
import { allPeers, chosen } from './programs/all.ts';
import { installUdx } from './programs/udx.ts';
import { type Findings, jsonReport, markdownReport, speedPlot } from './report.ts';

const RESULTS = join(import.meta.dirname, '../results');
/** What the figures depend on. */
const MEASURED = ['src', 'bench/peers'];
const MIB = 2 ** 20;

let wanted: { readonly options: PeerOptions; readonly peers: readonly Peer[] };
try {
  const options = readPeerArguments(process.argv.slice(2));
  wanted = { options, peers: chosen(allPeers(options.modules), options.peers) };
  if (options.netlab !== undefined && !existsSync(join(options.netlab, 'netlab'))) {
    throw new Error(`there is no program netlab in ${options.netlab}`);
  }
} catch (error) {
  console.error((error as Error).message);
  process.exit(2);
}
const { options } = wanted;
const places = placesOf(options);
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'updraft-peers-'));
const measure = new Measure(folder);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void measure.interrupt().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  });
}
try {
  const findings = await run();
  const environment = readEnvironment(MEASURED);
  const report = markdownReport(findings, environment);
  console.log(report);
  if (options.saves) {
    const { svgOf } = await import('./bar-plot.ts');
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(join(RESULTS, 'peers.md'), `${report}\n![Speed](peers.svg)\n`);
    writeFileSync(join(RESULTS, 'peers.json'), jsonReport(findings, environment));
    writeFileSync(join(RESULTS, 'peers.svg'), svgOf(speedPlot(findings.runs)));
  }
} finally {
  measure.end();
}

function placesOf({ hasLoopback, mebibytes, links, netlab, linkMebibytes }: PeerOptions): Place[] {
  return [
    ...(hasLoopback ? [loopback(mebibytes)] : []),
    ...links.map((link) => emulated(link, netlab!, linkMebibytes)),
  ];
}

async function run(): Promise<Findings> {
  // Now, and not while a transfer has its time.
  compiledScript('peers/main.ts');
  if (options.installs) await installUdx(options.modules);
  const peers: Peer[] = [];
  const leftOut: { name: string; reason: string }[] = [];
  const first: Run[] = [];
  for (const peer of wanted.peers) {
    try {
      await peer.prepare(folder);
      const once = await measure.transfer(peer, places[0]!, 0, 1);
      if (once.failure !== undefined) throw new Error(once.failure);
      first.push(once);
      peers.push(peer);
    } catch (error) {
      const reason = (error as Error).message.trim().replaceAll(/\s*\n\s*/g, ' ');
      leftOut.push({ name: peer.name, reason });
      console.error(`left out: ${peer.name}: ${reason}`);
    }
  }
  if (peers.length === 0) throw new Error('none of these programs can run here');
  const runs: Run[] = [];
  for (const place of places) {
    for (let round = 0; round < options.rounds; round++) {
      // Another one begins each round.
      const turned = [
        ...peers.slice(round % peers.length),
        ...peers.slice(0, round % peers.length),
      ];
      for (const peer of turned) {
        const result = await measure.transfer(peer, place, round, place.mebibytes * MIB);
        runs.push(result);
        const speed = result.mbPerSec === null ? result.failure! : result.mbPerSec.toFixed(1);
        console.error(`${place.name}, round ${round + 1}, ${peer.name}: ${speed}`);
      }
    }
  }
  return { peers, leftOut, first, runs };
}
