import { expect, test } from 'vitest';
import { SEGMENT_BYTES, type SourceDisk } from '../../../src/transfer/files/disk.ts';
import { READ_AHEAD_CHUNKS } from '../../../src/transfer/files/sending/read-ahead.ts';
import { sessionKeys } from '../../../src/transfer/secure/key-schedule.ts';
import { SealedSession } from '../../../src/transfer/secure/sealed-session.ts';
import type { MemoryConnection } from './memory-pair.ts';
import { contentOf, MemoryInbox, MemorySource } from './memory-disk.ts';
import { TransferRun } from './transfer-run.ts';

const SIZE_BYTES = 3 * SEGMENT_BYTES + 1;
const content = contentOf(SIZE_BYTES);

function sealedRun(
  inbox: MemoryInbox,
  source: SourceDisk = new MemorySource({ content }),
): TransferRun {
  const [one, two, hash] = [1, 2, 3].map((seed) => new Uint8Array(32).fill(seed)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const sessions = [
    new SealedSession(sessionKeys({ send: one, receive: two }, hash), two),
    new SealedSession(sessionKeys({ send: two, receive: one }, hash), one),
  ] as const;
  return new TransferRun({ source, inbox, pair: { sessions } });
}

/** Everything that a side says. */
function listen(connection: MemoryConnection): Uint8Array[] {
  const heard: Uint8Array[] = [];
  connection.onWire = (bytes) => {
    heard.push(Uint8Array.from(bytes));
  };
  return heard;
}

test('a sealed file arrives as it was, and neither it nor its name can be read on the way', async () => {
  const inbox = new MemoryInbox();
  const run = sealedRun(inbox);
  const heard = [listen(run.pair.opener), listen(run.pair.responder)];
  await run.start();
  await run.finish();
  expect(Buffer.compare(inbox.published.get('movie.mp4')!, content)).toBe(0);
  const wire = Buffer.concat(heard.flat());
  expect(wire.length).toBeGreaterThan(SIZE_BYTES);
  expect(wire.includes('movie')).toBe(false);
  for (let at = 0; at < SIZE_BYTES - 16; at += 10_000) {
    expect(wire.includes(Buffer.from(content.subarray(at, at + 16))), `byte ${at}`).toBe(false);
  }
});

test('a chunk is read into again as soon as it is sealed, acknowledged or not', async () => {
  const buffers = new Set<ArrayBufferLike>();
  const memory = new MemorySource({ content: contentOf(12 * SEGMENT_BYTES) });
  const source: SourceDisk = {
    survey: (paths) => memory.survey(paths),
    open: async () => {
      const file = await memory.open();
      return {
        ...file,
        read: (target, at) => {
          buffers.add(target.buffer);
          return file.read(target, at);
        },
      };
    },
  };
  const run = sealedRun(new MemoryInbox(), source);
  await run.start();
  await run.finish();
  // Those that wait to be taken, and the one that was taken last.
  expect(buffers.size).toBeLessThanOrEqual(READ_AHEAD_CHUNKS + 1);
});

test.each(['opener', 'responder'] as const)(
  'a byte that changes in what the %s says ends the transfer as an integrity error',
  async (side) => {
    const inbox = new MemoryInbox();
    const run = sealedRun(inbox);
    run.pair[side].onWire = (bytes, at) => {
      if (at <= 10 && at + bytes.length > 10) bytes[10 - at]! ^= 1;
    };
    await run.start();
    const { sent, received } = await run.finish();
    expect([sent, received]).toMatchObject([{ code: 'integrity' }, { code: 'integrity' }]);
    expect(inbox.published.size).toBe(0);
  },
);
