import { expect, test } from 'vitest';
import { PathMtu } from '../../../../src/transfer/core/path/path-mtu.ts';

const BASE_BYTES = 1_200;
/** The first size that is tried above the base. */
const STEP_BYTES = 1_372;
const ROOM_BYTES = 65_535;

/** With every size that it told. */
function mtuOf(interfaceBytes: number): { mtu: PathMtu; told: number[] } {
  const told: number[] = [];
  const mtu = new PathMtu(BASE_BYTES, (bytes) => told.push(bytes));
  mtu.interfaceBytes = interfaceBytes;
  return { mtu, told };
}

test('datagrams are no larger than what both ends take, nor smaller than the base', () => {
  const { mtu, told } = mtuOf(STEP_BYTES);
  expect(mtu.takeProbe(ROOM_BYTES, 0)).toBe(STEP_BYTES);
  mtu.onProbeAcked(STEP_BYTES);
  mtu.peerBytes = STEP_BYTES + 1;
  expect(mtu.datagramBytes).toBe(STEP_BYTES);
  mtu.peerBytes = STEP_BYTES - 1;
  expect(mtu.datagramBytes).toBe(STEP_BYTES - 1);
  mtu.interfaceBytes = STEP_BYTES - 2;
  expect(mtu.datagramBytes).toBe(STEP_BYTES - 2);
  mtu.peerBytes = BASE_BYTES - 1;
  expect(mtu.datagramBytes).toBe(BASE_BYTES);
  expect(told).toEqual([STEP_BYTES, STEP_BYTES - 1, STEP_BYTES - 2, BASE_BYTES]);
});

test('a size that stays the same is told to nobody', () => {
  const { mtu, told } = mtuOf(STEP_BYTES);
  mtu.peerBytes = ROOM_BYTES;
  mtu.takeProbe(ROOM_BYTES, 0);
  mtu.onProbeLost(STEP_BYTES, 0, 1);
  mtu.onAcked(BASE_BYTES, 2);
  mtu.endAck(0, 3);
  expect(told).toEqual([]);
});

test('a datagram that the system calls too large brings the base back, and is told', () => {
  const { mtu, told } = mtuOf(STEP_BYTES);
  mtu.takeProbe(ROOM_BYTES, 0);
  mtu.onProbeAcked(STEP_BYTES);
  mtu.onTooBig(1);
  expect(mtu.datagramBytes).toBe(BASE_BYTES);
  expect(told).toEqual([STEP_BYTES, BASE_BYTES]);
});

test('a probe is no more than half of the window, but for one that no window bounds', () => {
  const { mtu } = mtuOf(STEP_BYTES);
  expect(mtu.dueProbeBytes(2 * STEP_BYTES - 1, 0)).toBe(0);
  expect(mtu.takeProbe(ROOM_BYTES, 0, 2 * STEP_BYTES - 1)).toBe(0);
  expect(mtu.dueProbeBytes(2 * STEP_BYTES, 0)).toBe(STEP_BYTES);
  expect(mtu.takeProbe(ROOM_BYTES, 0, 2 * STEP_BYTES)).toBe(STEP_BYTES);
  expect(mtuOf(STEP_BYTES).mtu.takeProbe(ROOM_BYTES, 0)).toBe(STEP_BYTES);
});

test('a probe that has no room is not on its way', () => {
  const { mtu } = mtuOf(STEP_BYTES);
  expect(mtu.takeProbe(STEP_BYTES - 1, 0)).toBe(0);
  expect(mtu.isProbing).toBe(false);
  expect(mtu.takeProbe(STEP_BYTES, 0)).toBe(STEP_BYTES);
  expect(mtu.isProbing).toBe(true);
});
