import { defineConfig, type ViteUserConfig } from 'vitest/config';

/**
 * Tests that open sockets or start processes, and series of whole transfers that take long. They run
 * in `npm test`, not in `npm run check`.
 */
const withProcesses = [
  'test/loopback/**/*.test.ts',
  'test/cli/**/*.test.ts',
  'test/campaign/**/*.test.ts',
  'test/random/**/*.test.ts',
  'test/scenarios/**/*.test.ts',
  'test/bench/processes.test.ts',
  'test/transfer/io/disk-faults.test.ts',
];

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: withProcesses,
          // Virtual time is what they measure: a busy machine fails none of them.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'processes',
          include: withProcesses,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});

export default config;
