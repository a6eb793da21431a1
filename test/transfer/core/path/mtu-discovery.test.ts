import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MAX_PROBES,
  MtuDiscovery,
  PROBE_INTERVAL_US,
  RAISE_US,
} from '../../../../src/transfer/core/path/mtu-discovery.ts';

const BASE_BYTES = 1200;
const PTO_US = 50_000;

function discovery(ceilingBytes: number): MtuDiscovery {
  const mtu = new MtuDiscovery(BASE_BYTES);
  mtu.ceilingBytes = ceilingBytes;
  return mtu;
}

/** Probes a path that carries `carriedBytes` until nothing is due; the sizes that were probed. */
function search(mtu: MtuDiscovery, carriedBytes: number, startUs = 0): number[] {
  const probed: number[] = [];
  for (let nowUs = startUs; nowUs < startUs + RAISE_US / 2; nowUs += PROBE_INTERVAL_US) {
    for (let size = mtu.dueProbeBytes(nowUs); size > 0; size = mtu.dueProbeBytes(nowUs)) {
      probed.push(size);
      mtu.onProbeSent(size, nowUs);
      if (size <= carriedBytes) mtu.onProbeAcked(size);
      else mtu.onProbeLost(size, PTO_US, nowUs);
    }
  }
  return probed;
}

function losesLarge(mtu: MtuDiscovery, count: number, sentAtUs: number): void {
  for (let nth = 0; nth < count; nth++) mtu.onLost(mtu.datagramBytes, sentAtUs);
}

describe('the search', () => {
  test('without a ceiling above the base probes nothing', () => {
    expect(new MtuDiscovery(BASE_BYTES).dueProbeBytes(0)).toBe(0);
    expect(discovery(800).dueProbeBytes(0)).toBe(0);
  });

  test('climbs the ladder to the ceiling, each size once', () => {
    const mtu = discovery(13_312);
    expect(search(mtu, 65_507)).toEqual([1372, 1400, 1452, 1472, 4000, 8972, 13_312]);
    expect(mtu.datagramBytes).toBe(13_312);
  });

  test('goes on as long as a larger size may be found, and says when it is over', () => {
    expect(discovery(BASE_BYTES).isSearching).toBe(false);
    for (const carriedBytes of [1300, 1400, 65_507]) {
      const mtu = discovery(1472);
      expect(mtu.isSearching).toBe(true);
      mtu.onProbeSent(mtu.dueProbeBytes(0), 0);
      expect(mtu.isSearching).toBe(true);
      mtu.onProbeLost(1372, PTO_US, 0);
      search(mtu, carriedBytes, PROBE_INTERVAL_US);
      expect(mtu.isSearching).toBe(false);
    }
  });

  test('tries a size three times, then halves what is left to the last that arrived', () => {
    const mtu = discovery(8972);
    const probed = search(mtu, 2000);
    expect(probed.filter((size) => size === 4000)).toHaveLength(MAX_PROBES);
    expect(mtu.datagramBytes).toBeLessThanOrEqual(2000);
    expect(mtu.datagramBytes).toBeGreaterThan(2000 - 16);
    expect(probed.length).toBeLessThan(40);
  });

  test('waits a second, or a probe timeout, between probes of one size', () => {
    for (const probeTimeoutUs of [PTO_US, 3_000_000]) {
      const mtu = discovery(1472);
      const size = mtu.dueProbeBytes(0);
      mtu.onProbeSent(size, 0);
      expect(mtu.dueProbeBytes(5_000_000)).toBe(0);
      mtu.onProbeLost(size, probeTimeoutUs, 0);
      const waitUs = Math.max(PROBE_INTERVAL_US, probeTimeoutUs);
      expect(mtu.dueProbeBytes(waitUs - 1)).toBe(0);
      expect(mtu.dueProbeBytes(waitUs)).toBe(size);
    }
  });

  test('takes what failed up again after ten minutes, not sooner', () => {
    const mtu = discovery(1472);
    search(mtu, 1400);
    expect(mtu.datagramBytes).toBeLessThanOrEqual(1400);
    expect(mtu.dueProbeBytes(RAISE_US - 1)).toBe(0);
    search(mtu, 1472, 2 * RAISE_US);
    expect(mtu.datagramBytes).toBe(1472);
  });

  test('an ACK of a probe that was taken for lost counts', () => {
    const mtu = discovery(1472);
    mtu.onProbeSent(1372, 0);
    mtu.onProbeLost(1372, PTO_US, 100);
    mtu.onProbeAcked(1372);
    expect(mtu.datagramBytes).toBe(1372);
  });

  test('goes on when the answer to a probe never comes', () => {
    const mtu = discovery(1472);
    mtu.onProbeSent(1372, 0);
    expect(mtu.dueProbeBytes(1_000_000)).toBe(0);
    expect(mtu.dueProbeBytes(10_000_000)).toBe(1372);
  });

  test('ends within 16 bytes of any path, never above path or ceiling, in few probes', () => {
    const bytes = fc.integer({ min: BASE_BYTES, max: 65_507 });
    fc.assert(
      fc.property(bytes, bytes, (ceilingBytes, carriedBytes) => {
        const mtu = discovery(ceilingBytes);
        const probed = search(mtu, carriedBytes);
        const largest = Math.min(ceilingBytes, carriedBytes);
        expect(mtu.datagramBytes).toBeLessThanOrEqual(largest);
        expect(mtu.datagramBytes).toBeGreaterThanOrEqual(Math.max(BASE_BYTES, largest - 16));
        expect(Math.max(0, ...probed)).toBeLessThanOrEqual(ceilingBytes);
        expect(probed.length).toBeLessThanOrEqual(60);
      }),
    );
  });
});

describe('a lowered ceiling', () => {
  test('holds at once', () => {
    const mtu = discovery(8972);
    search(mtu, 8972);
    mtu.ceilingBytes = 1452;
    expect(mtu.datagramBytes).toBe(1452);
  });
});

describe('a black hole', () => {
  function climbed(): MtuDiscovery {
    const mtu = discovery(1472);
    search(mtu, 1472);
    return mtu;
  }

  test('is ten large packets lost, none acknowledged, while small ones arrive for a second', () => {
    const mtu = climbed();
    mtu.onAcked(300, 0);
    losesLarge(mtu, 10, 1);
    expect(mtu.detectBlackHole(PTO_US, 999_999)).toBe(false);
    expect(mtu.detectBlackHole(PTO_US, 1_000_000)).toBe(true);
    expect(mtu.datagramBytes).toBe(BASE_BYTES);
  });

  test('is waited for over three probe timeouts', () => {
    const mtu = climbed();
    mtu.onAcked(300, 0);
    losesLarge(mtu, 10, 1);
    expect(mtu.detectBlackHole(700_000, 2_099_999)).toBe(false);
    expect(mtu.detectBlackHole(700_000, 2_100_000)).toBe(true);
  });

  test('is not nine lost packets', () => {
    const mtu = climbed();
    mtu.onAcked(300, 0);
    losesLarge(mtu, 9, 1);
    expect(mtu.detectBlackHole(PTO_US, 5_000_000)).toBe(false);
  });

  test('is not a path on which a large packet arrives now and then', () => {
    const mtu = climbed();
    for (let round = 0; round < 10; round++) {
      mtu.onAcked(300, round);
      losesLarge(mtu, 9, round + 1);
      mtu.onAcked(1472, round);
    }
    expect(mtu.detectBlackHole(PTO_US, 5_000_000)).toBe(false);
  });

  test('is not a blackout: what was lost before the first answer says nothing', () => {
    const mtu = climbed();
    losesLarge(mtu, 100, 1_000_000);
    mtu.onAcked(300, 11_000_000);
    expect(mtu.detectBlackHole(PTO_US, 13_000_000)).toBe(false);
  });

  test('is not lost small packets', () => {
    const mtu = climbed();
    mtu.onAcked(300, 0);
    for (let nth = 0; nth < 100; nth++) mtu.onLost(BASE_BYTES, 1);
    expect(mtu.detectBlackHole(PTO_US, 5_000_000)).toBe(false);
  });

  test('stops probing for ten minutes', () => {
    const mtu = climbed();
    mtu.onAcked(300, 0);
    losesLarge(mtu, 10, 1);
    expect(mtu.detectBlackHole(PTO_US, 1_000_000)).toBe(true);
    expect(mtu.dueProbeBytes(RAISE_US)).toBe(0);
    expect(mtu.dueProbeBytes(RAISE_US + 1_000_000)).toBe(1372);
  });
});

describe('the word of the system that a datagram was too large', () => {
  test('leads back to the base, and no further than what had arrived', () => {
    const mtu = discovery(1472);
    expect(mtu.dueProbeBytes(0)).toBe(1372);
    mtu.onProbeSent(1372, 0);
    mtu.onProbeAcked(1372);
    mtu.onProbeSent(1400, 0);
    mtu.onTooBig(0);
    expect(mtu.datagramBytes).toBe(BASE_BYTES);
    // Larger probes would arrive now, in fragments.
    expect(search(mtu, 65_507)).toEqual([1372]);
    expect(mtu.dueProbeBytes(RAISE_US)).toBe(1400);
  });

  test('that comes without a probe on its way leaves nothing but the base', () => {
    const mtu = discovery(1472);
    search(mtu, 1472);
    mtu.onTooBig(0);
    expect(search(mtu, 65_507)).toEqual([]);
    expect(mtu.datagramBytes).toBe(BASE_BYTES);
  });

  test('that comes after the probe was taken for lost is still about the probe', () => {
    const mtu = discovery(1472);
    mtu.onProbeSent(1372, 0);
    mtu.onProbeAcked(1372);
    expect(mtu.isProbing).toBe(false);
    mtu.onProbeSent(1400, 0);
    mtu.onProbeLost(1400, PTO_US, 10);
    expect(mtu.isProbing).toBe(true);
    mtu.onTooBig(20);
    expect(search(mtu, 65_507)).toEqual([1372]);
  });

  test('is not refuted by the late ACK of a probe', () => {
    const mtu = discovery(1472);
    mtu.onProbeSent(1372, 0);
    mtu.onTooBig(0);
    mtu.onProbeAcked(1372);
    expect(mtu.datagramBytes).toBe(BASE_BYTES);
  });
});
