import { defineConfig, type ViteUserConfig } from 'vitest/config';

/**
 * Tests that open sockets or start processes. They have real clocks and run one file at a time, behind
 * the others; they belong to `npm test`, not to `npm run check`.
 */
const withProcesses = [
  'test/loopback/**/*.test.ts',
  'test/cli/**/*.test.ts',
  'test/campaign/**/*.test.ts',
  'test/bench/processes.test.ts',
];

/** Series of whole transfers in virtual time: too long for `npm run check`. */
const longSeries = [
  'test/random/**/*.test.ts',
  'test/scenarios/**/*.test.ts',
  'test/transfer/io/disk/disk-faults.test.ts',
];

/** Virtual time is what these measure: a busy machine fails none of them, so they use all of it. */
const inVirtualTime = { testTimeout: 60_000, maxWorkers: '100%', sequence: { groupOrder: 0 } };

/** What is looked for again and again may take long on a busy machine; vitest itself waits for a second. */
const patience = { expect: { poll: { timeout: 40_000 } } };

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        test: {
          ...inVirtualTime,
          ...patience,
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: [...withProcesses, ...longSeries],
        },
      },
      { test: { ...inVirtualTime, name: 'series', include: longSeries, testTimeout: 120_000 } },
      {
        test: {
          ...patience,
          name: 'processes',
          include: withProcesses,
          globalSetup: 'test/program/setup.ts',
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});

export default config;
