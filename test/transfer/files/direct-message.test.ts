import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CloseCode } from '../../../src/transfer/core/transport.ts';
import {
  decodeDirectText,
  DIRECT_TEXT_RECORD,
  encodeDirectText,
  MAX_DIRECT_TEXT_BYTES,
} from '../../../src/transfer/files/records/direct-text.ts';
import { MessageType } from '../../../src/transfer/files/records/message.ts';
import { ReceivingMessage } from '../../../src/transfer/files/receiving/receiving-message.ts';
import { SendingMessage } from '../../../src/transfer/files/sending/sending-message.ts';
import { TransferError } from '../../../src/transfer/files/transfer-error.ts';
import { RecordWriter } from '../../../src/transfer/secure/record-writer.ts';
import { recordsOf } from '../../../src/transfer/secure/sealed-session.ts';
import { MemoryPair } from './memory-pair.ts';

/** One message between two parts in memory. */
class MessageRun {
  readonly pair = new MemoryPair();
  readonly sender: SendingMessage;
  readonly receiver: ReceivingMessage;
  readonly shown: string[] = [];
  /** How the receiver's client shows a text. */
  onShow: () => void | Promise<void> = () => undefined;
  outcome = 'running';
  overCount = 0;

  constructor(text: string) {
    this.sender = new SendingMessage(text, () => undefined);
    this.sender.done.then(
      () => (this.outcome = 'delivered'),
      (error: unknown) => {
        const { code, message } = error as TransferError;
        this.outcome = `${code}: ${message}`;
      },
    );
    this.receiver = new ReceivingMessage({
      peer: 'derek',
      connection: this.pair.responder,
      show: (shown) => {
        this.shown.push(shown);
        return this.onShow();
      },
      wake: () => undefined,
    });
    void this.receiver.done.then(() => this.overCount++);
  }

  async run(): Promise<void> {
    let quietSteps = 0;
    while (quietSteps < 10) {
      quietSteps = this.pair.step(this.sender, this.receiver) ? 0 : quietSteps + 1;
      await Promise.resolve();
    }
  }

  /** What somebody else than our sender writes. */
  write(type: number, body: Uint8Array): void {
    const { opener } = this.pair;
    new RecordWriter(opener, recordsOf(opener.session)).write(type, body);
  }
}

test('a message is delivered once it was shown, and both sides are done', async () => {
  const run = new MessageRun('the film is on its way');
  run.sender.onOpened(run.pair.opener);
  await run.run();
  expect(run.shown).toEqual(['the film is on its way']);
  expect(run.outcome).toBe('delivered');
  expect(run.overCount).toBe(1);
  expect(run.pair.opener.closedWith).toMatchObject({ code: CloseCode.ok });
});

test('a message that has arrived and is not yet shown is not delivered', async () => {
  const run = new MessageRun('hello');
  let hasShown: () => void = () => undefined;
  run.onShow = () => new Promise((resolve) => (hasShown = resolve));
  run.sender.onOpened(run.pair.opener);
  await run.run();
  expect(run.shown).toEqual(['hello']);
  expect(run.outcome).toBe('running');
  hasShown();
  await run.run();
  expect(run.outcome).toBe('delivered');
});

test.each([
  [new TransferError('refused', 'jess wants no messages'), 'refused: jess wants no messages'],
  [new Error('the screen is on fire'), 'internal: an unexpected failure'],
])('a message that cannot be shown is not delivered (%s)', async (error, outcome) => {
  const run = new MessageRun('hello');
  run.onShow = () => Promise.reject(error);
  run.sender.onOpened(run.pair.opener);
  await run.run();
  expect(run.outcome).toBe(outcome);
  expect(run.overCount).toBe(1);
});

test('a network that goes away fails the message and lets the receiver go', async () => {
  const run = new MessageRun('hello');
  run.sender.onOpened(run.pair.opener);
  run.pair.vanish();
  await run.run();
  expect(run.outcome).toBe('lost: the peer vanished');
  expect(run.overCount).toBe(1);
});

test('a cancelled message ends on both sides, before its connection opened too', async () => {
  const run = new MessageRun('hello');
  run.sender.onOpened(run.pair.opener);
  run.sender.cancel();
  await run.run();
  expect(run.outcome).toBe('cancelled: cancelled by the sender');
  expect(run.shown).toEqual([]);
  expect(run.overCount).toBe(1);
  const late = new MessageRun('hello');
  late.sender.cancel();
  late.sender.onOpened(late.pair.opener);
  await late.run();
  expect(late.pair.opener.closedWith).toMatchObject({ code: CloseCode.cancelled });
});

test('a receiver that leaves while it shows ends the connection once', async () => {
  const run = new MessageRun('hello');
  let hasShown: () => void = () => undefined;
  run.onShow = () => new Promise((resolve) => (hasShown = resolve));
  run.sender.onOpened(run.pair.opener);
  await run.run();
  run.receiver.cancel();
  hasShown();
  await run.run();
  expect(run.outcome).toBe('cancelled: cancelled by the receiver');
  expect(run.overCount).toBe(1);
});

const text = Buffer.from('hello');
test.each<[string, readonly [number, Uint8Array][]]>([
  ['an offer', [[MessageType.offer, text]]],
  ['an empty text', [[DIRECT_TEXT_RECORD, new Uint8Array(0)]]],
  ['a text beyond the limit', [[DIRECT_TEXT_RECORD, Buffer.alloc(MAX_DIRECT_TEXT_BYTES + 1, 97)]]],
  ['a text that is no UTF-8', [[DIRECT_TEXT_RECORD, Uint8Array.of(0xff)]]],
])('%s in place of a text ends the connection, and nothing is shown', async (_, records) => {
  const run = new MessageRun('unused');
  for (const [type, body] of records) run.write(type, body);
  await run.run();
  expect(run.shown).toEqual([]);
  expect(run.pair.responder.closedWith).toMatchObject({ code: CloseCode.violation });
  expect(run.overCount).toBe(1);
});

test('a second text behind the first is shown to nobody', async () => {
  const run = new MessageRun('unused');
  run.onShow = () => new Promise(() => undefined);
  run.write(DIRECT_TEXT_RECORD, text);
  run.write(DIRECT_TEXT_RECORD, text);
  await run.run();
  expect(run.shown).toEqual(['hello']);
  expect(run.pair.responder.closedWith).toMatchObject({ code: CloseCode.violation });
});

test.each(['', 'a'.repeat(MAX_DIRECT_TEXT_BYTES + 1)])(
  'a text that no receiver takes is not sent',
  async (unfit) => {
    const run = new MessageRun(unfit);
    await run.run();
    expect(run.outcome).toBe(`local-file: a message has 1 to ${MAX_DIRECT_TEXT_BYTES} bytes`);
  },
);

test('the longest text of a chat message arrives, whatever its characters', async () => {
  const run = new MessageRun('€'.repeat(4_096));
  run.sender.onOpened(run.pair.opener);
  await run.run();
  expect(run.shown).toEqual(['€'.repeat(4_096)]);
  expect(run.outcome).toBe('delivered');
});

test('every text of up to the limit is read as it was written', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), (written) => {
      expect(decodeDirectText(encodeDirectText(written))).toBe(written);
    }),
  );
});
