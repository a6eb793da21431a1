import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CloseCode } from '../../../src/transfer/core/transport.ts';
import {
  type AcceptItem,
  encodeAccept,
  encodeAgain,
  encodeEnd,
  encodeFile,
  encodeFailure,
  encodeMiss,
  encodeStart,
  FILES_VERSION,
  MessageType,
} from '../../../src/transfer/files/records/message.ts';
import { encodeOffer } from '../../../src/transfer/files/records/offer.ts';
import { plainRecords } from '../../../src/transfer/secure/record-cipher.ts';
import { RecordWriter } from '../../../src/transfer/secure/record-writer.ts';
import { contentOf, MemoryInbox, MemorySource, offeredFile } from './memory-disk.ts';
import { endOf, TransferRun, type TransferEnd } from './transfer-run.ts';

const content = contentOf(1_000);
const digest = createHash('sha256').update(content).digest();
const entry = offeredFile({ sizeBytes: 1_000 });
const offer = encodeOffer({ entries: [entry], hasMoreEntries: false, hasMoreOffers: false });
const start = encodeStart({ entryIndex: 0, offsetBytes: 0 });
const end = encodeEnd({ entryIndex: 0, sizeBytes: 1_000, digest });
const nothing = new Uint8Array(0);

type Line = readonly [type: number, body: Uint8Array];

/** What a receiver makes of a sender that says these records and then perhaps FIN. */
async function receive(
  lines: readonly Line[],
  isFinished = false,
): Promise<{ received: TransferEnd; inbox: MemoryInbox; run: TransferRun }> {
  const inbox = new MemoryInbox();
  const run = new TransferRun({ source: new MemorySource({ content }), inbox });
  const writer = new RecordWriter(run.pair.opener, plainRecords);
  for (const [type, body] of lines) writer.write(type, body);
  if (isFinished) run.pair.opener.finish();
  let received: TransferEnd | undefined;
  void endOf(run.receiver.done).then((value) => (received = value));
  await run.runUntil(() => received !== undefined);
  return { received: received!, inbox, run };
}

const good: readonly Line[] = [
  [MessageType.offer, offer],
  [MessageType.start, start],
  [MessageType.content, content],
  [MessageType.end, end],
];

test('the records of the cases below are received when nothing is wrong with them', async () => {
  const { received, inbox } = await receive(good);
  expect(received).toMatchObject({ totalBytes: 1_000 });
  expect(inbox.published.size).toBe(1);
});

const whole: Line = [MessageType.file, encodeFile({ entryIndex: 0, digest, content })];

test('a file in one record is received, and published once', async () => {
  const { received, inbox } = await receive([good[0]!, whole]);
  expect(received).toMatchObject({ totalBytes: 1_000, sha256: digest.toString('hex') });
  expect([...inbox.published.values()]).toEqual([Buffer.from(content)]);
});

test('a file in one record whose hash is another is never published', async () => {
  const other = encodeFile({ entryIndex: 0, digest, content: contentOf(1_000, 2) });
  const { received, inbox } = await receive([good[0]!, [MessageType.file, other]]);
  expect(received).toEqual({ code: 'integrity', text: 'what arrived is not what was sent' });
  expect([inbox.published.size, inbox.partials.size]).toEqual([0, 0]);
});

test('content with another hash is never published, and both sides hear why', async () => {
  const changed = Uint8Array.from(content);
  changed[500]! ^= 1;
  const { received, inbox, run } = await receive([
    good[0]!,
    good[1]!,
    [MessageType.content, changed],
    good[3]!,
  ]);
  expect(received).toEqual({ code: 'integrity', text: 'what arrived is not what was sent' });
  expect([inbox.published.size, inbox.partials.size, inbox.log.at(-1)]).toEqual([0, 0, 'discard']);
  await run.step();
  expect(Buffer.from(run.pair.opener.peek()).toString()).toContain('what arrived is not what');
});

describe('a sender breaks the protocol when it', () => {
  const broken: readonly (readonly [string, readonly Line[]])[] = [
    ['sends content first', [good[2]!]],
    ['offers twice', [good[0]!, good[0]!]],
    ['sends an unknown record', [good[0]!, [99, nothing]]],
    ['says DONE', [good[0]!, [MessageType.done, nothing]]],
    ['does not say of what content is', [good[0]!, good[2]!]],
    ['sends empty content', [good[0]!, good[1]!, [MessageType.content, nothing]]],
    ['sends more than it offered', [...good.slice(0, 3), [MessageType.content, Uint8Array.of(1)]]],
    ['ends too early', [good[0]!, good[1]!, [MessageType.content, content.subarray(1)], good[3]!]],
    [
      'ends another entry',
      [
        ...good.slice(0, 3),
        [MessageType.end, encodeEnd({ entryIndex: 1, sizeBytes: 1_000, digest })],
      ],
    ],
    ['begins a file twice', [good[0]!, good[1]!, good[1]!]],
    ['begins a file that is complete', [...good, good[1]!]],
    [
      'begins where nobody asked it to',
      [good[0]!, [MessageType.start, encodeStart({ entryIndex: 0, offsetBytes: 5 })]],
    ],
    [
      'begins what it did not offer',
      [good[0]!, [MessageType.start, encodeStart({ entryIndex: 1, offsetBytes: 0 })]],
    ],
    [
      'leaves out what it did not offer',
      [good[0]!, [MessageType.miss, encodeMiss({ entryIndex: 7, code: 'local-file', reason: '' })]],
    ],
    ['says more than WORKING', [good[0]!, [MessageType.working, Uint8Array.of(0)]]],
    ['sends a broken REPORT', [good[0]!, [MessageType.report, Uint8Array.of(0)]]],
    ['sends a file whole within another', [good[0]!, good[1]!, whole]],
    ['sends a file whole twice', [good[0]!, whole, whole]],
    [
      'sends a whole file that it did not offer',
      [good[0]!, [MessageType.file, encodeFile({ entryIndex: 1, digest, content })]],
    ],
    [
      'sends less than a file and calls it whole',
      [good[0]!, [MessageType.file, whole[1].subarray(0, -1)]],
    ],
    ['sends a FILE without its hash', [good[0]!, [MessageType.file, whole[1].subarray(0, 35)]]],
    ['sends a broken FAIL', [good[0]!, [MessageType.fail, Uint8Array.of(77)]]],
    ['offers nonsense', [[MessageType.offer, Uint8Array.of(FILES_VERSION, 0, 0, 1, 9)]]],
  ];
  test.each(broken)('%s', async (_what, lines) => {
    const { received, inbox, run } = await receive(lines);
    expect(received).toMatchObject({ code: 'protocol' });
    expect(run.pair.responder.closedWith?.code).toBe(CloseCode.violation);
    expect(inbox.published.size).toBe(0);
  });
});

test.each([0, 1, 2, 3])('a FIN behind record %i is an integrity failure', async (last) => {
  const { received, run } = await receive(good.slice(0, last), true);
  expect(received).toMatchObject({ code: 'integrity' });
  expect(run.pair.responder.closedWith?.code).toBe(CloseCode.integrity);
});

test('an offer of another version is refused as that', async () => {
  const later = Uint8Array.from(offer);
  later[0] = FILES_VERSION + 1;
  const { received } = await receive([[MessageType.offer, later]]);
  expect(received).toMatchObject({ code: 'version' });
});

/** What a sender makes of a receiver that says these records and then perhaps FIN. */
async function send(
  lines: readonly Line[],
  isFinished = false,
): Promise<{ sent: TransferEnd; run: TransferRun }> {
  const run = new TransferRun({ source: new MemorySource({ content }), inbox: undefined });
  const writer = new RecordWriter(run.pair.responder, plainRecords);
  await run.start();
  const listener = {
    onReadable: () => undefined,
    onWritable: () => undefined,
    onClosed: () => undefined,
  };
  for (let turn = 0; turn < 5; turn++) {
    run.pair.step(run.sender, listener);
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const [type, body] of lines) writer.write(type, body);
  if (isFinished) run.pair.responder.finish();
  let sent: TransferEnd | undefined;
  void endOf(run.sender.done).then((value) => (sent = value));
  while (sent === undefined) {
    run.pair.step(run.sender, listener);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { sent, run };
}

const accept = acceptOf();

function acceptOf(...items: AcceptItem[]): Line {
  return [MessageType.accept, encodeAccept({ items, hasMoreItems: false })];
}

describe('a receiver breaks the protocol when it', () => {
  const broken: readonly (readonly [string, readonly Line[]])[] = [
    ['is done before it accepted', [[MessageType.done, nothing]]],
    ['accepts twice', [accept, accept]],
    [
      'asks for more than there is',
      [acceptOf({ type: 'continue', entryIndex: 0, offsetBytes: 1_001 })],
    ],
    [
      'asks for an entry that is not there',
      [acceptOf({ type: 'continue', entryIndex: 1, offsetBytes: 5 })],
    ],
    ['goes on from the beginning', [acceptOf({ type: 'continue', entryIndex: 0, offsetBytes: 0 })]],
    ['wants again what was not offered', [accept, [MessageType.again, encodeAgain(1)]]],
    [
      'cannot store what was not offered',
      [accept, [MessageType.miss, encodeMiss({ entryIndex: 1, code: 'local-file', reason: '' })]],
    ],
    ['pauses for no reason', [accept, [MessageType.pause, Uint8Array.of(9)]]],
    ['resumes with more than that', [accept, [MessageType.resume, Uint8Array.of(9)]]],
    ['says more than WORKING', [[MessageType.working, Uint8Array.of(0)]]],
    ['says LIMIT without a cause', [accept, [MessageType.limit, new Uint8Array(7).fill(255)]]],
    ['sends content', [accept, [MessageType.content, content]]],
    ['says more than DONE', [accept, [MessageType.done, Uint8Array.of(0)]]],
    ['rejects without a code', [[MessageType.reject, nothing]]],
  ];
  test.each(broken)('%s', async (_what, lines) => {
    const { sent, run } = await send(lines);
    expect(sent).toMatchObject({ code: 'protocol' });
    expect(run.pair.opener.closedWith?.code).toBe(CloseCode.violation);
  });
});

test('a receiver that says FIN before DONE did not receive the file', async () => {
  const { sent } = await send([accept], true);
  expect(sent).toMatchObject({ code: 'integrity' });
});

test('a reason from the peer reaches us as one line without control characters', async () => {
  const reject = encodeFailure({ code: 'refused', reason: 'no' });
  const dirty = Buffer.concat([reject, Buffer.from('\x1b[2J\r\nok \u202egpj')]);
  const { sent } = await send([[MessageType.reject, dirty]]);
  expect(sent).toEqual({ code: 'refused', text: 'no\ufffd[2J\ufffd\ufffdok \ufffdgpj' });
});

test('random bytes end both sides with an error and never throw', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (noise, isFramed) => {
      const run = new TransferRun({
        source: new MemorySource({ content: contentOf(5_000_000) }),
        inbox: new MemoryInbox(),
      });
      await run.start();
      for (const side of [run.pair.opener, run.pair.responder]) {
        if (isFramed) new RecordWriter(side, plainRecords).write(noise[0] ?? 0, noise.subarray(1));
        else side.write(noise);
      }
      for (let turn = 0; turn < 10; turn++) await run.step();
      run.pair.vanish();
      await run.finish();
      expect(run.sender.state).toBe('failed');
    }),
    { numRuns: 150 },
  );
});
