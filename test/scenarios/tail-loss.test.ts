import { expect, test } from 'vitest';
import { Pair } from '../sim/pair.ts';
import { delay, lose } from '../sim/wire-elements.ts';

const DATA = 3;
const FIN = 1;
const DELAY_US = 20_000;

test('the loss of the last packet costs one probe timeout, not a second', () => {
  let lostCount = 0;
  const loseFirstFin = lose((datagram) => {
    const isFin = (datagram[4]! & 0x3f) === DATA && (datagram[5]! & FIN) !== 0;
    return isFin && lostCount++ === 0;
  });
  const measure = (forward = [delay(DELAY_US)]): number => {
    const pair = new Pair({ seed: 1, forward, backward: [delay(DELAY_US)] });
    const run = pair.transfer({ bytes: 50_000 });
    return run.responder.readFinishedAtUs - run.opener.openedAtUs;
  };
  const whole = measure();
  const late = measure([delay(DELAY_US), loseFirstFin]) - whole;
  expect(lostCount).toBeGreaterThan(0);
  expect(late).toBeGreaterThan(0);
  // smoothed RTT 40 ms, four times its variation (20 ms at the first sample), 10 ms of ACK delay.
  expect(late).toBeLessThan(140_000);
});
