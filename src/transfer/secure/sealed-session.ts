import assert from 'node:assert/strict';
import type { CloseSeal, PacketCheck, PacketSession } from '../core/index.ts';
import type { SessionKeys } from './key-schedule.ts';
import { GCM_TAG_BYTES, openGcm, sealGcm } from './noise/aes-gcm.ts';
import { plainRecords, type RecordCipher } from './record-cipher.ts';
import { SealedRecords } from './sealed-records.ts';
import { taggedCheck } from './tagged-check.ts';

/** What a handshake with keys ends in: tags for the packets, seals for the records and for CLOSE. */
export class SealedSession implements PacketSession {
  readonly check: PacketCheck;
  readonly closeSeal: CloseSeal;
  readonly records: RecordCipher;
  /** The other side's static key. */
  readonly peerKey: Uint8Array;

  constructor({ own, peer }: SessionKeys, peerKey: Uint8Array) {
    this.peerKey = peerKey;
    this.check = taggedCheck({ own: own.tag, peer: peer.tag });
    this.closeSeal = sealedClose(own.close, peer.close);
    this.records = new SealedRecords(own.records, peer.records);
  }
}

/** How the records of a connection are sealed that has this session. */
export function recordsOf(session: PacketSession): RecordCipher {
  return session instanceof SealedSession ? session.records : plainRecords;
}

/** The static key of the peer, which its handshake has proved; undefined without keys. */
export function peerKeyOf(session: PacketSession): Uint8Array | undefined {
  return session instanceof SealedSession ? session.peerKey : undefined;
}

/** The reason under AES-256-GCM, its code as additional data. One nonce: CLOSE is made once. */
function sealedClose(ownKey: Uint8Array, peerKey: Uint8Array): CloseSeal {
  let isSealed = false;
  return {
    overheadBytes: GCM_TAG_BYTES,
    seal(code, reason) {
      assert(!isSealed, 'a connection says CLOSE with one reason');
      isSealed = true;
      return sealGcm(ownKey, ONLY_NONCE, codeBytes(code), reason);
    },
    open: (code, sealed) => openGcm(peerKey, ONLY_NONCE, codeBytes(code), sealed),
  };
}

const ONLY_NONCE = 0;

function codeBytes(code: number): Uint8Array {
  return Uint8Array.of(code >>> 8, code);
}
