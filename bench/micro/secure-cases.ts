import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { RecordReader } from '../../src/transfer/secure/record-reader.ts';
import { RecordWriter } from '../../src/transfer/secure/record-writer.ts';
import { SealedRecords } from '../../src/transfer/secure/sealed-records.ts';
import type { MicroCase } from './micro-case.ts';
import { bytesFrom, SIZES_BYTES } from './sizes.ts';

const CONTENT = 4;
/** Records are sealed in turn, and open in turn only: so many at a time. */
const BATCH = 64;
/** A piece of a file as it is read from the disk. */
const PIECE_BYTES = 262_144;

export const secureCases: readonly MicroCase[] = [
  ...SIZES_BYTES.flatMap((bytes) => [sealing(bytes), opening(bytes)]),
  ...[...SIZES_BYTES, PIECE_BYTES].map((bytes): MicroCase => ({
    ...{ name: `SHA-256 of ${bytes} B of a file`, bytes },
    prepare: () => {
      const content = bytesFrom(bytes);
      return (count) => {
        const hash = createHash('sha256');
        for (let nth = 0; nth < count; nth++) hash.update(content);
        assert(hash.digest().length === 32);
      };
    },
  })),
];

function ciphers(): SealedRecords {
  const key = new Uint8Array(32).fill(7);
  return new SealedRecords(key, key);
}

/** A writer, and the bytes that it has written where they are kept. */
function writer(write: (chunk: Uint8Array) => void): RecordWriter {
  return new RecordWriter({ write, recordLimitBytes: 65_536, acknowledgedBytes: 0 }, ciphers());
}

function sealing(bytes: number): MicroCase {
  return {
    ...{ name: `record of ${bytes} B sealed`, bytes },
    prepare: () => {
      let writtenBytes = 0;
      const body = bytesFrom(bytes);
      const records = writer((chunk) => (writtenBytes += chunk.length));
      return (count) => {
        writtenBytes = 0;
        for (let nth = 0; nth < count; nth++) records.write(CONTENT, body);
        assert(writtenBytes === count * (bytes + records.overheadBytes));
      };
    },
  };
}

function opening(bytes: number): MicroCase {
  return {
    ...{ name: `record of ${bytes} B opened`, bytes },
    prepare: () => {
      const chunks: Uint8Array[] = [];
      const records = writer((chunk) => chunks.push(chunk));
      const body = bytesFrom(bytes);
      for (let nth = 0; nth < BATCH; nth++) records.write(CONTENT, body);
      const stream = new Uint8Array(Buffer.concat(chunks));
      return (count) => {
        let openedCount = 0;
        for (let done = 0; done < count; done += BATCH) {
          let at = 0;
          const input = {
            isClosed: false,
            peek: () => stream.subarray(at),
            consume: (length: number) => void (at += length),
          };
          const reader = new RecordReader(input, ciphers());
          const take = (_type: number, opened: Uint8Array): void => {
            if (opened.length === bytes) openedCount++;
          };
          for (let nth = done; nth < Math.min(done + BATCH, count); nth++) reader.read(take);
        }
        assert(openedCount === count, 'every record opens, and is as long as it was');
      };
    },
  };
}
