import { GCM_TAG_BYTES, gcmCipher, openGcm } from './noise/aes-gcm.ts';
import { LENGTH_FIELD_BYTES, RECORD_HEADER_BYTES, type RecordCipher } from './record-cipher.ts';

/**
 * Records under AES-256-GCM: type and body are sealed, the length in front is additional data. Each
 * direction has its own key, and its nonces count the records from 0, so a record that was moved, left
 * out or repeated does not open. What is sent again are the sealed bytes: a nonce never meets a second
 * plaintext.
 */
export class SealedRecords implements RecordCipher {
  readonly tagBytes: number = GCM_TAG_BYTES;
  readonly sharesBody: boolean = false;
  readonly #ownKey: Uint8Array;
  readonly #peerKey: Uint8Array;
  #sealedCount = 0;
  #openedCount = 0;

  constructor(ownKey: Uint8Array, peerKey: Uint8Array) {
    this.#ownKey = ownKey;
    this.#peerKey = peerKey;
  }

  seal(header: Uint8Array, body: Uint8Array, write: (chunk: Uint8Array) => void): void {
    const lengthField = header.subarray(0, LENGTH_FIELD_BYTES);
    const cipher = gcmCipher(this.#ownKey, this.#sealedCount++, lengthField);
    const front = new Uint8Array(RECORD_HEADER_BYTES);
    front.set(lengthField);
    front.set(cipher.update(header.subarray(LENGTH_FIELD_BYTES)), LENGTH_FIELD_BYTES);
    write(front);
    if (body.length > 0) write(cipher.update(body));
    cipher.final();
    write(cipher.getAuthTag());
  }

  open(record: Uint8Array): Uint8Array | undefined {
    return openGcm(
      this.#peerKey,
      this.#openedCount++,
      record.subarray(0, LENGTH_FIELD_BYTES),
      record.subarray(LENGTH_FIELD_BYTES),
    );
  }
}
