import { expect, test } from 'vitest';
import { Pair } from '../sim/pair.ts';
import { delay } from '../sim/wire-elements.ts';

const DELAY_US = 10_000;
/** 1200 bytes less the common header and that of DATA. */
const PAYLOAD_BYTES = 1180;

test('a window of one sends one packet a round trip: 50 packets and the greeting take 50.5 round trips', () => {
  const pair = new Pair({
    seed: 1,
    forward: [delay(DELAY_US)],
    config: { controller: 'fixed', windowPackets: 1 },
  });
  const run = pair.transfer({ bytes: 50 * PAYLOAD_BYTES });
  const spentUs = run.responder.readFinishedAtUs - run.opener.openedAtUs;
  // The opener's PING, by which the responder learns that OPEN_ACK arrived, fills the first one.
  expect(spentUs).toBe(50 * 2 * DELAY_US + DELAY_US);
  expect(run.opener.connection!.stats.bytesRetransmittedCount).toBe(0);
});
