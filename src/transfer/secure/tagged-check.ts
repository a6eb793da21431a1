import assert from 'node:assert/strict';
import {
  COMMON_HEADER_BYTES,
  crcCheck,
  type CheckVerdict,
  type PacketCheck,
} from '../core/index.ts';
import { availableTagHash } from './tag/available-tag-hash.ts';
import {
  INPUT_PREFIX_BYTES,
  MAX_MESSAGE_BYTES,
  TAG_BYTES,
  TAG_KEY_BYTES,
  type TagHash,
} from './tag/tag-hash.ts';

/** Keys of the tags of one connection, or of one opening: `TAG_KEY_BYTES` each. */
export interface TagKeys {
  /** For what this side sends. */
  readonly own: Uint8Array;
  /** For what the peer sends. */
  readonly peer: Uint8Array;
}

const TAG_END = COMMON_HEADER_BYTES + TAG_BYTES;

/**
 * Says of a datagram whether the peer made it. The tag is over everything behind the checksum, with
 * what does not travel of the packet's number in the tag's own place. The checksum is looked at only
 * when the tag is wrong, to count damage and forgery apart.
 */
export function taggedCheck(keys: TagKeys, hash: TagHash = availableTagHash()): PacketCheck {
  const { own, peer } = keys;
  assert(own.length === TAG_KEY_BYTES && peer.length === TAG_KEY_BYTES, 'tag keys have one length');

  function digest(key: Uint8Array, datagram: Uint8Array, numberHigh: number): Uint8Array {
    const { input } = hash;
    input.set(datagram);
    for (let byte = 0; byte < TAG_BYTES; byte++) {
      input[COMMON_HEADER_BYTES + byte] = byte < 4 ? numberHigh >>> (8 * byte) : 0;
    }
    return hash.digest(key, datagram.length - INPUT_PREFIX_BYTES);
  }

  function isPeers(datagram: Uint8Array, numberHigh: number): boolean {
    if (datagram.length < TAG_END || datagram.length > MAX_MESSAGE_BYTES) return false;
    const expected = digest(peer, datagram, numberHigh);
    let difference = 0;
    for (let byte = 0; byte < TAG_BYTES; byte++) {
      difference |= expected[byte]! ^ datagram[COMMON_HEADER_BYTES + byte]!;
    }
    return difference === 0;
  }

  return {
    tagBytes: TAG_BYTES,
    write(buffer, length, numberHigh) {
      const datagram = buffer.subarray(0, length);
      datagram.set(digest(own, datagram, numberHigh), COMMON_HEADER_BYTES);
      crcCheck.write(datagram, length, 0);
    },
    verify(datagram, numberHigh): CheckVerdict {
      if (isPeers(datagram, numberHigh)) return 'ok';
      return crcCheck.verify(datagram, 0) === 'ok' ? 'forged' : 'damaged';
    },
  };
}
