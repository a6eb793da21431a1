import { expect, test } from 'vitest';
import { MinRtt } from '../../../../../src/transfer/core/congestion/bbr/min-rtt.ts';

const SEC_US = 1_000_000;

/** When a probe first falls due, of samples every 100 ms. */
function probeDueAtUs(rttUsAt: (nowUs: number) => number): number {
  const minRtt = new MinRtt();
  for (let nowUs = 0; ; nowUs += 100_000) {
    minRtt.onSample(rttUsAt(nowUs), nowUs);
    if (minRtt.isProbeDue || nowUs > 30 * SEC_US) return nowUs;
  }
}

test('a queue that stands makes a probe due after 5 s', () => {
  const dueAtUs = probeDueAtUs((nowUs) => (nowUs === 0 ? 50_000 : 55_000));
  expect(dueAtUs).toBe(5 * SEC_US + 100_000);
});

test('a queue that empties by itself now and then is probed after 10 s, though no RTT is quite as low again', () => {
  const isEmptyAt = (nowUs: number): boolean => nowUs % (4 * SEC_US) === 0;
  const dueAtUs = probeDueAtUs((nowUs) => {
    if (nowUs === 0) return 50_000;
    return isEmptyAt(nowUs) ? 51_000 : 70_000;
  });
  expect(dueAtUs).toBe(10 * SEC_US + 100_000);
});

test('a similar RTT lowers or raises nothing', () => {
  const minRtt = new MinRtt();
  minRtt.onSample(50_000, 0);
  minRtt.onSample(51_000, SEC_US);
  expect(minRtt.valueUs).toBe(50_000);
});
