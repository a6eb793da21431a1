import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import { delay } from '../sim/wire-elements.ts';

const RATE_BITS_PER_SEC = 98e6;
/** net.core.rmem_default of Linux: 92 datagrams of 1472 bytes, where 1,668 are on their way. */
const STOCK_BUFFER_BYTES = 212_992;
/** Of a packet of 1500 bytes, what is the stream's. */
const PAYLOAD_SHARE = 1452 / 1500;
const TICK_US = [1000, 2000] as const;

test.each([false, true])(
  'a stock buffer of 208 KiB read at ticks of 1 to 2 ms drops nothing of 98 Mbit/s over 200 ms (datagrams wake: %s)',
  (isWokenByDatagrams) => {
    const pair = new Pair({
      seed: 1,
      isPoisoned: false,
      forward: [bottleneck(RATE_BITS_PER_SEC, 2_450_000), delay(100_000)],
      backward: [delay(100_000)],
      config: { controller: 'bbr', maxDatagramBytes: 1472 },
      loops: {
        a: { tickUs: TICK_US, isWokenByDatagrams },
        b: { tickUs: TICK_US, isWokenByDatagrams, receiveBufferBytes: STOCK_BUFFER_BYTES },
      },
    });
    const run = pair.add({ bytes: 400_000_000 });
    pair.network.runUntil(5_000_000);
    const before = run.responder.readBytes;
    pair.network.runUntil(10_000_000);
    const bitsPerSec = ((run.responder.readBytes - before) * 8) / 5;
    expect(bitsPerSec).toBeGreaterThan(0.9 * PAYLOAD_SHARE * RATE_BITS_PER_SEC);
    expect(pair.b.socket.droppedCount).toBe(0);
    expect(pair.b.socket.maxHeldBytes).toBeLessThan(STOCK_BUFFER_BYTES);
  },
);
