import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { expect, test } from 'vitest';

/** What one folder may import: other folders of the project, and what kinds of packages. */
interface Rule {
  /** Folders (the folder itself is always allowed) or single files, from the top of the project. */
  readonly from: readonly string[];
  /** `assert` is always allowed. `node` is any node: module, `packages` any dependency. */
  readonly outside?: readonly string[];
}

const core = 'src/transfer/core';
const connection = `${core}/connection`;
const filesProtocol = 'src/transfer/files';
const io = 'src/transfer/io';
/** How `io` starts a thread of its own. */
const workers = [`${io}/worker-entry.ts`, `${io}/worker-thread.ts`];
const transferFolders = [
  core,
  `${core}/wire`,
  `${core}/recovery`,
  `${core}/congestion`,
  `${core}/congestion/bbr`,
  `${core}/path`,
  connection,
  `${connection}/sending`,
  `${connection}/receiving`,
  'src/transfer/secure',
  'src/transfer/secure/noise',
  'src/transfer/secure/tag',
  filesProtocol,
  `${filesProtocol}/records`,
  `${filesProtocol}/sending`,
  `${filesProtocol}/receiving`,
  'src/transfer/trace',
  io,
  `${io}/disk`,
  `${io}/engine`,
  `${io}/ticket`,
  `${io}/trace`,
  `${io}/udp`,
];

/** The picture in src/transfer/README.md, as a test. A new folder fails until it stands here. */
const rules: Record<string, Rule> = {
  [`${core}/wire`]: { from: [], outside: ['node:zlib', 'crc-32'] },
  [`${core}/recovery`]: { from: [] },
  [`${core}/congestion`]: { from: [`${core}/recovery`, `${core}/congestion/bbr`] },
  [`${core}/congestion/bbr`]: { from: [`${core}/recovery`, `${core}/congestion`] },
  [`${core}/path`]: { from: [`${core}/wire`, `${core}/recovery`, `${core}/congestion`] },
  [`${connection}/sending`]: {
    from: [
      `${core}/wire`,
      `${core}/recovery`,
      `${core}/path`,
      ...[
        'address-validation.ts',
        'connection-stats.ts',
        'connection-trace.ts',
        'credit-ledger.ts',
        'packet-writer.ts',
      ].map((file) => `${connection}/${file}`),
    ],
  },
  [`${connection}/receiving`]: {
    from: [
      `${core}/wire`,
      `${core}/recovery`,
      `${connection}/credit-ledger.ts`,
      `${connection}/packet-writer.ts`,
    ],
  },
  [connection]: {
    from: [
      `${core}/wire`,
      `${core}/recovery`,
      `${core}/path`,
      `${connection}/sending`,
      `${connection}/receiving`,
    ],
  },
  [core]: {
    from: [
      connection,
      `${connection}/receiving`,
      `${core}/path`,
      `${core}/recovery`,
      `${core}/wire`,
    ],
  },
  'src/transfer/secure': {
    from: [core, 'src/transfer/secure/noise', 'src/transfer/secure/tag'],
    outside: ['node:crypto'],
  },
  'src/transfer/secure/noise': { from: [], outside: ['node:crypto'] },
  'src/transfer/secure/tag': { from: [] },
  [`${filesProtocol}/records`]: {
    from: ['transfer.ts', 'transfer-error.ts', 'transfer-limit.ts'].map(
      (file) => `${filesProtocol}/${file}`,
    ),
  },
  [filesProtocol]: {
    from: [core, 'src/transfer/secure', `${filesProtocol}/records`],
    outside: ['node:crypto', 'node:path'],
  },
  [`${filesProtocol}/sending`]: {
    from: [core, filesProtocol, `${filesProtocol}/records`],
    outside: ['node:path'],
  },
  [`${filesProtocol}/receiving`]: { from: [core, filesProtocol, `${filesProtocol}/records`] },
  'src/transfer/trace': { from: [core] },
  [`${io}/disk`]: {
    from: [filesProtocol, `${filesProtocol}/records`, ...workers],
    outside: ['node'],
  },
  [`${io}/udp`]: {
    from: [core, filesProtocol, `${io}/clock.ts`, `${io}/transfer-endpoint.ts`],
    outside: ['node'],
  },
  [`${io}/ticket`]: {
    from: [
      core,
      'src/transfer/secure',
      'src/transfer/secure/noise',
      'src/transfer/secure/tag',
      filesProtocol,
      `${io}/udp`,
      `${io}/clock.ts`,
      `${io}/transfer-endpoint.ts`,
    ],
    outside: ['node', 'packages'],
  },
  [`${io}/trace`]: {
    from: [
      filesProtocol,
      'src/transfer/trace',
      `${io}/clock.ts`,
      `${io}/engine-endpoint.ts`,
      ...workers,
    ],
    outside: ['node'],
  },
  [io]: {
    from: [
      core,
      'src/transfer/secure',
      'src/transfer/secure/noise',
      'src/transfer/secure/tag',
      filesProtocol,
      `${filesProtocol}/sending`,
      `${filesProtocol}/receiving`,
      `${io}/disk`,
      `${io}/ticket`,
      `${io}/trace`,
      `${io}/udp`,
    ],
    outside: ['node'],
  },
  [`${io}/engine`]: {
    from: [filesProtocol, `${filesProtocol}/receiving`, io, `${io}/ticket`, `${io}/udp`],
    outside: ['node'],
  },
  'src/transfer': { from: transferFolders, outside: ['node'] },
  'src/text': { from: [] },
  'src/plot': { from: ['src/text'], outside: ['node', 'packages'] },
  'src/chat/core': { from: ['src/text'] },
  'src/chat/io': {
    from: ['src/text', 'src/chat/core', 'src/transfer/index.ts'],
    outside: ['node', 'selfsigned'],
  },
  'src/report': { from: ['src/text', 'src/reach', 'src/transfer/index.ts'], outside: ['node'] },
  'src/reach': { from: ['src/text', 'src/transfer/diagnosis.ts'], outside: ['node'] },
  'src/doctor': {
    from: [
      'src/text',
      'src/report',
      'src/reach',
      'src/bench/bench-ticket.ts',
      'src/chat/server-check.ts',
      'src/transfer/diagnosis.ts',
    ],
    outside: ['node'],
  },
  'src/bench': {
    from: ['src/text', 'src/report', 'src/transfer/index.ts', 'src/transfer/diagnosis.ts'],
    outside: ['node'],
  },
  'src/chat': {
    from: [
      'src/text',
      'src/report',
      'src/reach',
      'src/chat/core',
      'src/chat/io',
      'src/transfer/index.ts',
      'src/transfer/diagnosis.ts',
    ],
    outside: ['node', 'packages'],
  },
  'src/cli': {
    from: [
      'src/text',
      'src/report',
      'src/cli/terminal',
      'src/cli/reference',
      'src/chat',
      'src/plot',
      'src/doctor',
      'src/bench',
      'src/reach',
      'src/transfer/index.ts',
    ],
    outside: ['node', 'packages'],
  },
  'src/cli/reference': { from: ['src/report'], outside: ['packages'] },
  'src/cli/terminal': {
    from: ['src/text', 'src/report', 'src/chat', 'src/transfer/index.ts'],
    outside: ['node', 'packages'],
  },
  'test/sim': { from: [`${core}/index.ts`], outside: ['node', 'vitest', 'fast-check'] },
  'bench/simulated': { from: ['test/sim', `${core}/index.ts`], outside: ['node', 'packages'] },
};

const top = resolve(import.meta.dirname, '../..');

function sourcesUnder(folder: string): string[] {
  return readdirSync(join(top, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file).split(sep).join('/'));
}

const files = ['src', 'test/sim', 'bench/simulated'].flatMap(sourcesUnder);
const importPattern = /(?:from|import) '([^']+)'/g;

test.each(files)('%s imports only what its folder may', (file) => {
  const folder = dirname(file);
  const rule = rules[folder];
  expect(rule, `add ${folder} to the table and say what it may import`).toBeDefined();
  const { from, outside = [] } = rule!;
  for (const [, specifier] of readFileSync(join(top, file), 'utf8').matchAll(importPattern)) {
    if (specifier!.startsWith('.')) {
      const target = relative(top, resolve(top, folder, specifier!))
        .split(sep)
        .join('/');
      const allowed = [folder, ...from];
      expect(
        allowed.includes(dirname(target)) || allowed.includes(target),
        `${file} imports ${target}`,
      ).toBe(true);
    } else if (specifier !== 'node:assert/strict') {
      const kind = specifier!.startsWith('node:') ? 'node' : 'packages';
      expect(
        outside.includes(kind) || outside.includes(specifier!),
        `${file} imports ${specifier!}`,
      ).toBe(true);
    }
  }
});

test('no source file is much over 400 lines', () => {
  const tooLong = [...files, ...sourcesUnder('test'), ...sourcesUnder('bench')]
    .map((file) => ({ file, lines: readFileSync(join(top, file), 'utf8').split('\n').length }))
    .filter(({ lines }) => lines > 450);
  expect(tooLong).toEqual([]);
});
