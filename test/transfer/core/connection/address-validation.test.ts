import { describe, expect, test } from 'vitest';
import {
  AddressValidation,
  MAX_CHALLENGES,
  type PathPacket,
} from '../../../../src/transfer/core/connection/address-validation.ts';
import { PacketType } from '../../../../src/transfer/core/wire/packet.ts';
import { Random } from '../../../sim/random.ts';

const HOME = { address: 'home', port: 1 };
const AWAY = { address: 'away', port: 1 };
const ELSEWHERE = { address: 'elsewhere', port: 1 };
/** Header without a tag. */
const BODY_AT = 10;
const CHALLENGE_BYTES = BODY_AT + 12;
const INTERVAL_US = 250_000;
const PACKET_BYTES = 1200;

function validation(probeTimeoutUs = 20_000): AddressValidation {
  const random = new Random(1);
  return new AddressValidation(() => random.next(), BODY_AT, { probeTimeoutUs });
}

/** A validation that has just challenged `AWAY` at 0. */
function challenged(): { asking: AddressValidation; challenge: PathPacket } {
  const asking = validation();
  asking.onPacket(AWAY, HOME, PACKET_BYTES, true, 0);
  return { asking, challenge: asking.take(0)! };
}

function answer(
  asking: AddressValidation,
  token: Uint8Array,
  from: typeof AWAY,
  nowUs: number,
): ReturnType<AddressValidation['onPathPacket']> {
  return asking.onPathPacket(PacketType.pathResponse, token, from, nowUs);
}

describe('a new address', () => {
  test('is challenged because of the newest packet', () => {
    const { challenge } = challenged();
    expect(challenge.type).toBe(PacketType.pathChallenge);
    expect(challenge.to).toEqual(AWAY);
    expect(challenge.token).toHaveLength(8);
  });

  test('is not challenged because of an older packet', () => {
    const asking = validation();
    asking.onPacket(AWAY, HOME, PACKET_BYTES, false, 0);
    expect(asking.isDue(0)).toBe(false);
    expect(asking.nextTimeoutUs).toBe(Infinity);
  });

  test('that is the known one is not asked', () => {
    const asking = validation();
    asking.onPacket({ ...HOME }, HOME, PACKET_BYTES, true, 0);
    expect(asking.isDue(0)).toBe(false);
    expect(asking.isPeerElsewhere).toBe(false);
  });

  test('is where the peer is, when its token comes back from there', () => {
    const { asking, challenge } = challenged();
    const moved = answer(asking, challenge.token, { ...AWAY }, 30_000);
    expect(moved).toEqual({ address: AWAY, roundTripUs: 30_000 });
    expect(asking.nextTimeoutUs).toBe(Infinity);
    expect(answer(asking, challenge.token, AWAY, 40_000)).toBeUndefined();
  });

  test('gives no round trip when it was challenged twice', () => {
    const { asking, challenge } = challenged();
    expect(asking.take(INTERVAL_US)?.token).toEqual(challenge.token);
    const moved = answer(asking, challenge.token, AWAY, INTERVAL_US + 30_000);
    expect(moved).toEqual({ address: AWAY, roundTripUs: undefined });
  });
});

describe('nothing comes of', () => {
  test('a response from elsewhere, with another port, or with another token', () => {
    const { asking, challenge } = challenged();
    const wrong = challenge.token.map((byte, index) => (index === 7 ? byte ^ 1 : byte));
    expect(answer(asking, challenge.token, ELSEWHERE, 1)).toBeUndefined();
    expect(answer(asking, challenge.token, { ...AWAY, port: 2 }, 1)).toBeUndefined();
    expect(answer(asking, wrong, AWAY, 1)).toBeUndefined();
    expect(answer(asking, challenge.token, AWAY, 1)).toBeDefined();
  });

  test('a response that nobody asked for', () => {
    expect(answer(validation(), new Uint8Array(8), AWAY, 0)).toBeUndefined();
  });

  test('a second new address while one is asked', () => {
    const { asking } = challenged();
    asking.onPacket(ELSEWHERE, HOME, PACKET_BYTES, true, 1);
    expect(asking.isDue(1)).toBe(false);
    expect(asking.take(INTERVAL_US)?.to).toEqual(AWAY);
  });
});

describe('challenges', () => {
  test('leave three times, a quarter of a second apart, and then the next address has its turn', () => {
    const { asking } = challenged();
    const timesUs = [0];
    for (let nowUs = 0; nowUs <= MAX_CHALLENGES * INTERVAL_US; nowUs += 1_000) {
      asking.handleTimeout(nowUs);
      if (asking.take(nowUs) !== undefined) timesUs.push(nowUs);
    }
    expect(timesUs).toEqual([0, INTERVAL_US, 2 * INTERVAL_US]);
    expect(asking.nextTimeoutUs).toBe(Infinity);
    asking.onPacket(ELSEWHERE, HOME, PACKET_BYTES, true, 1_000_000);
    expect(asking.take(1_000_000)?.to).toEqual(ELSEWHERE);
  });

  test('are a probe timeout apart where that is longer', () => {
    const asking = validation(400_000);
    asking.onPacket(AWAY, HOME, PACKET_BYTES, true, 0);
    asking.take(0);
    expect(asking.nextTimeoutUs).toBe(400_000);
  });

  test('never exceed three bytes for each that came from there, and end all the same', () => {
    const asking = validation();
    // 3 × 14 is room for one, 3 × 15 for two.
    asking.onPacket(AWAY, HOME, 14, true, 0);
    let sentBytes = 0;
    for (let nowUs = 0; asking.nextTimeoutUs !== Infinity; nowUs = asking.nextTimeoutUs) {
      if (asking.take(nowUs) !== undefined) sentBytes += CHALLENGE_BYTES;
      else asking.handleTimeout(nowUs);
      expect(nowUs).toBeLessThan(1_000_000);
    }
    expect(sentBytes).toBe(CHALLENGE_BYTES);
  });

  test('have a new token for each address', () => {
    const { asking, challenge } = challenged();
    asking.onMoved();
    asking.onPacket(ELSEWHERE, HOME, PACKET_BYTES, true, 1);
    expect(asking.take(1)?.token).not.toEqual(challenge.token);
  });

  test('of the peer are answered once, where they came from', () => {
    const asking = validation();
    const token = Uint8Array.from({ length: 8 }, (_, index) => index);
    asking.onPathPacket(PacketType.pathChallenge, token, ELSEWHERE, 0);
    const sent = token.slice();
    token.fill(0xdb);
    expect(asking.take(0)).toEqual({ type: PacketType.pathResponse, token: sent, to: ELSEWHERE });
    expect(asking.take(0)).toBeUndefined();
  });
});
