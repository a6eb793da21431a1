import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemberRing } from '../../../../src/transfer/core/path/member-ring.ts';
import type { PathMember } from '../../../../src/transfer/core/path/path-member.ts';

const QUANTUM_BYTES = 1200;
const buffer = new Uint8Array(40_000);

/** Has packets of these sizes to send, in turn, as long as `left` lasts. */
class FakeMember implements PathMember {
  deficitBytes = 0;
  isReady = false;
  readonly standingBytes = 0;
  readonly sizes: readonly number[];
  left: number;
  sentBytes = 0;
  #next = 0;

  constructor(sizes: readonly number[], left = Infinity) {
    this.sizes = sizes;
    this.left = left;
  }

  onPathHeard(): void {
    // Nothing is sent here.
  }

  pollPacket(): number {
    if (this.left === 0) return 0;
    this.left--;
    const size = this.sizes[this.#next++ % this.sizes.length]!;
    this.sentBytes += size;
    return size;
  }
}

function ringOf(members: readonly PathMember[]): MemberRing {
  const ring = new MemberRing();
  for (const member of members) ring.add(member);
  return ring;
}

test('members that always have something to send get equal bytes, whatever their packet sizes', () => {
  const size = fc.integer({ min: 30, max: QUANTUM_BYTES });
  const members = fc.array(fc.array(size, { minLength: 1, maxLength: 5 }), {
    minLength: 2,
    maxLength: 6,
  });
  fc.assert(
    fc.property(members, (sizes) => {
      const fakes = sizes.map((each) => new FakeMember(each));
      const ring = ringOf(fakes);
      for (let packet = 0; packet < 2_000; packet++) ring.poll(buffer, QUANTUM_BYTES, 0);
      const sent = fakes.map((fake) => fake.sentBytes);
      expect(Math.max(...sent) - Math.min(...sent)).toBeLessThanOrEqual(2 * QUANTUM_BYTES);
    }),
  );
});

test('who sends one packet of many quanta waits until the others have caught up', () => {
  const big = new FakeMember([20 * QUANTUM_BYTES, ...new Array<number>(99).fill(QUANTUM_BYTES)]);
  const plain = new FakeMember([QUANTUM_BYTES]);
  const ring = ringOf([big, plain]);
  for (let packet = 0; packet < 100; packet++) ring.poll(buffer, QUANTUM_BYTES, 0);
  expect(Math.abs(big.sentBytes - plain.sentBytes)).toBeLessThanOrEqual(2 * QUANTUM_BYTES);
});

test('a member in debt that is alone is served at once', () => {
  const alone = new FakeMember([20 * QUANTUM_BYTES]);
  const ring = ringOf([alone]);
  expect(ring.poll(buffer, QUANTUM_BYTES, 0)).toBe(20 * QUANTUM_BYTES);
  expect(ring.poll(buffer, QUANTUM_BYTES, 0)).toBe(20 * QUANTUM_BYTES);
});

test('a member with nothing to send falls out and costs the others no turn', () => {
  const empty = new FakeMember([100], 0);
  const busy = new FakeMember([QUANTUM_BYTES]);
  const ring = ringOf([empty, busy]);
  expect(ring.poll(buffer, QUANTUM_BYTES, 0)).toBe(QUANTUM_BYTES);
  expect(empty.isReady).toBe(false);
  empty.left = 1;
  expect(ring.poll(buffer, QUANTUM_BYTES, 0)).toBe(QUANTUM_BYTES);
  ring.add(empty);
  ring.poll(buffer, QUANTUM_BYTES, 0);
  ring.poll(buffer, QUANTUM_BYTES, 0);
  expect(empty.sentBytes).toBe(100);
});

test('members come and go in any order: each that is ready is served, none twice a round', () => {
  const step = fc.tuple(fc.constantFrom('add', 'remove', 'poll'), fc.nat(4));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const fakes = Array.from({ length: 5 }, () => new FakeMember([QUANTUM_BYTES]));
      const ring = new MemberRing();
      for (const [action, index] of steps) {
        const fake = fakes[index]!;
        if (action === 'add') ring.add(fake);
        else if (action === 'remove') ring.remove(fake);
        else ring.poll(buffer, QUANTUM_BYTES, 0);
      }
      const ready = fakes.filter((fake) => fake.isReady);
      const before = fakes.map((fake) => fake.sentBytes);
      for (let turn = 0; turn < ready.length; turn++) ring.poll(buffer, QUANTUM_BYTES, 0);
      const served = fakes.filter(
        (fake, index) => fake.sentBytes === before[index]! + QUANTUM_BYTES,
      );
      expect(served).toEqual(ready);
      for (const fake of ready) ring.remove(fake);
      expect(ring.isEmpty).toBe(true);
    }),
  );
});
