/**
 * `npm run demo`: a real chat server, three real clients, one bad link. Files go both ways at once; at
 * the end every byte is compared. Exits with 1 if anything is not intact.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BAD_LINK, type MisbehaviourCounters } from './misbehaving-socket.ts';
import { Person, type ServerPlace } from './person.ts';
import { sendPlainly } from './plain-udp.ts';
import { bold, count, dim, green, red, row } from './show.ts';

/** What is sent to whom, and under which name it must arrive. */
interface Shipment {
  readonly from: string;
  readonly to: string;
  readonly name: string;
  readonly sizeBytes: number;
}

const shipments: readonly Shipment[] = [
  { from: 'derek', to: 'jess', name: 'concert.mp4', sizeBytes: 24_000_000 },
  { from: 'steve', to: 'jess', name: 'concert.mp4', sizeBytes: 9_600_000 },
  { from: 'jess', to: 'derek', name: 'holiday photos.zip', sizeBytes: 6_000_001 },
  { from: 'jess', to: 'steve', name: 'notes.txt', sizeBytes: 1 },
  { from: 'steve', to: 'derek', name: 'nothing.dat', sizeBytes: 0 },
];
const passwords: Readonly<Record<string, string>> = {
  jess: 'jess-pass',
  derek: 'derek-pass',
  steve: 'steve-pass',
};

const top = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'updraft-demo-'));
const people = new Map<string, Person>();
let server: ChildProcess | undefined;

function describeLink(): string {
  const percent = (share: number): string => `${share * 100} %`;
  return [
    `${percent(BAD_LINK.dropShare)} of them lost`,
    `${2 * BAD_LINK.delayMs} ms round trip`,
    `${percent(BAD_LINK.corruptShare)} damaged`,
    `${percent(BAD_LINK.reorderShare)} overtaken`,
    `none over ${count(BAD_LINK.maxDatagramBytes!)} bytes`,
  ].join(' · ');
}

/** Where a person's own files stand. */
function outbox(name: string): string {
  return join(folder, `${name} files`);
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

async function startServer(): Promise<ServerPlace> {
  copyFileSync(join(top, 'credentials.txt'), join(folder, 'credentials.txt'));
  const command = join(top, 'dist/program/upd.js');
  server = spawn(process.execPath, [command, 'server', '0', '3', '--dir', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let port = 0;
  for await (const line of createInterface({ input: server.stdout! })) {
    port ||= Number(/^Server is running on .*:(\d+)$/.exec(line)?.[1] ?? 0);
    const fingerprint = /^Fingerprint: (.*)$/.exec(line)?.[1];
    if (fingerprint !== undefined) return { port, fingerprint };
  }
  throw new Error('the server did not start');
}

async function main(): Promise<boolean> {
  const startedAtMs = performance.now();
  console.log(bold('\nupdraft: three people, one bad link'));
  console.log(dim(`All their datagrams pass a bad link: ${describeLink()}\n`));

  const place = await startServer();
  let seed = 1;
  for (const name of Object.keys(passwords)) {
    people.set(name, new Person(name, folder, place, seed++));
  }
  await Promise.all([...people.values()].map((person) => person.logIn(passwords[person.name]!)));
  console.log(
    `A chat server runs on 127.0.0.1:${place.port}; jess, derek and steve have logged in.`,
  );
  console.log(dim(`Over TLS 1.3; the server's key is ${place.fingerprint}`));
  people.get('derek')!.type('MSG is everybody ready?');
  console.log(`jess reads: ${await people.get('jess')!.see('is everybody ready?')}\n`);

  const contents = shipments.map(({ from, name, sizeBytes }) => {
    const content = randomBytes(sizeBytes);
    // Each person's files stand in a folder of their own: two of them have the same name.
    mkdirSync(outbox(from), { recursive: true });
    writeFileSync(join(outbox(from), name), content);
    return content;
  });
  await sendAll();
  const isIntact = checkAll(contents);
  const counters = await leaveAll();
  await tellTheRest(counters, contents[0]!);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  console.log(
    isIntact
      ? green(bold(`\nAll ${shipments.length} files arrived whole. `)) + dim(`(${seconds} s)\n`)
      : red(bold('\nA file did not arrive whole.\n')),
  );
  return isIntact;
}

async function sendAll(): Promise<void> {
  console.log(bold('All at once, in both directions:'));
  const delivered = shipments.map(async ({ from, to, name }) => {
    const sender = people.get(from)!;
    sender.type(`UPD ${to} '${join(outbox(from), name)}'`);
    const line = await sender.see(`${name} has been delivered to ${to}`);
    const measures = /\((.*)\)/.exec(line)?.[1] ?? '';
    console.log(`  ${row(from, to, name)} ${measures}`);
  });
  await Promise.all(delivered);
}

function checkAll(contents: readonly Buffer[]): boolean {
  console.log(bold('\nWhat lies in the inboxes:'));
  let isIntact = true;
  shipments.forEach(({ from, to, name }, index) => {
    const path = join(people.get(to)!.inbox, `${from}_${name}`);
    const expected = sha256(contents[index]!);
    const isSame = sha256(readFileSync(path)) === expected;
    isIntact &&= isSame;
    const verdict = isSame ? green('SHA-256 equal') : red('SHA-256 DIFFERENT');
    console.log(`  ${row(to, '', `${from}_${name}`)} ${verdict} ${dim(expected.slice(0, 16))}`);
  });
  for (const person of people.values()) {
    const partials = readdirSync(person.inbox).filter((name) => name.includes('.part'));
    if (partials.length > 0) {
      isIntact = false;
      console.log(red(`  ${person.name} has half a file: ${partials.join(', ')}`));
    }
  }
  return isIntact;
}

async function leaveAll(): Promise<readonly MisbehaviourCounters[]> {
  return Promise.all([...people.values()].map((person) => person.leave()));
}

async function tellTheRest(
  counters: readonly MisbehaviourCounters[],
  content: Buffer,
): Promise<void> {
  const sum = (name: keyof MisbehaviourCounters): string =>
    count(counters.reduce((total, one) => total + one[name], 0));
  console.log(bold('\nWhat the link did, and what updraft repaired:'));
  console.log(
    `  ${sum('sent')} datagrams sent: ${sum('dropped')} lost, ${sum('corrupted')} damaged, ` +
      `${sum('reordered')} overtaken. All repaired.`,
  );
  const plain = await sendPlainly(content, 77);
  const { sentCount, arrivedCount, inPlaceCount } = plain;
  console.log(bold('\nThe same concert.mp4 over the same link by plain UDP:'));
  console.log(
    `  ${count(arrivedCount)} of ${count(sentCount)} datagrams arrived, ` +
      `${count(inPlaceCount)} of them where they belong: ` +
      (plain.isIntact ? green('intact') : red('the file is broken, and nobody is told.')),
  );
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(red(`\nThe demo failed: ${(error as Error).message}`));
  process.exitCode = 1;
} finally {
  for (const person of people.values()) person.kill();
  server?.kill('SIGTERM');
  // Again while one of them still writes.
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
