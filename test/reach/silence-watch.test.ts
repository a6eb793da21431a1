import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SilenceWatch, TELL_AFTER_MS } from '../../src/reach/silence-watch.ts';
import type { ReachFinding } from '../../src/reach/reach-finding.ts';

const ADDRESSES = [
  { address: '192.0.2.7', port: 6000 },
  { address: '2001:db8::7', port: 6000 },
];

let told: (readonly ReachFinding[])[];
/** How often an address was knocked at. */
let knockCount: number;
let silence: SilenceWatch;

beforeEach(() => {
  vi.useFakeTimers();
  [told, knockCount] = [[], 0];
  silence = new SilenceWatch({
    addresses: ADDRESSES,
    giveUpMs: 60_000,
    tell: (findings) => told.push(findings),
    tools: {
      knock: ({ address }) => {
        knockCount += 1;
        return Promise.resolve(address === '192.0.2.7' ? 'ECONNREFUSED' : undefined);
      },
      ownNetworks: () => [],
      platform: 'linux',
      nowMs: () => Date.now(),
    },
  });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Goes as far as a test says. */
class Opening {
  state = 'waiting';
  readonly done: Promise<never>;
  end: () => void = () => undefined;

  constructor() {
    this.done = new Promise((_resolve, reject) => {
      this.end = () => {
        reject(new Error('over'));
      };
    });
  }
}

test('the cause of each address is told once after five seconds of silence, and not while paths are looked through', async () => {
  const opening = new Opening();
  silence.watch(opening);
  await vi.advanceTimersByTimeAsync(2 * TELL_AFTER_MS);
  opening.state = 'opening';
  await vi.advanceTimersByTimeAsync(TELL_AFTER_MS - 1);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(10 * TELL_AFTER_MS);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject([
    {
      cause: 'refused',
      text: expect.stringMatching(/^192\.0\.2\.7:6000 is refused: .*\.$/) as string,
    },
    {
      cause: 'silent',
      text: expect.stringMatching(/^\[2001:db8::7\]:6000 is silent for 5\.0 s: /) as string,
    },
  ]);
  opening.end();
});

test.each(['running', 'over'] as const)('what is %s before that asks nothing', async (how) => {
  const opening = new Opening();
  opening.state = 'opening';
  silence.watch(opening);
  await vi.advanceTimersByTimeAsync(TELL_AFTER_MS - 1_000);
  if (how === 'running') opening.state = 'running';
  else opening.end();
  await vi.advanceTimersByTimeAsync(10 * TELL_AFTER_MS);
  expect([told, knockCount]).toEqual([[], 0]);
});

test('when it is given up it is asked anew, and the silence is as long as it was', async () => {
  const [, second] = await silence.findings();
  expect(second!.text).toContain('is silent for 1:00 min');
  expect(knockCount).toBe(ADDRESSES.length);
});
