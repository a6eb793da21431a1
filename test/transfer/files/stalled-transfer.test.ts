import { expect, test } from 'vitest';
import type { ReceivePolicy } from '../../../src/transfer/files/receiving/receive-policy.ts';
import type { EngineTransfer, TransferResult } from '../../../src/transfer/files/transfer.ts';
import { contentOf, MemoryInbox, MemorySource } from './memory-disk.ts';
import { TransferRun } from './transfer-run.ts';

/** Much more than is read ahead. */
const BYTES = 20_000_000;

interface Stall {
  readonly run: TransferRun;
  readonly source: MemorySource;
  readonly inbox: MemoryInbox;
}

/** A transfer of which a tenth has arrived. */
async function begun(giveUpMs = 60_000): Promise<Stall> {
  const source = new MemorySource({ content: contentOf(BYTES) });
  const inbox = new MemoryInbox();
  const pair = { stepBytes: 200_000, creditBytes: 400_000 };
  const run = new TransferRun({ source, inbox, pair, giveUpMs });
  await run.start();
  await run.runUntil(() => run.receiver.progress.transferredBytes > BYTES / 10);
  return { run, source, inbox };
}

function standingOf({ state, progress }: EngineTransfer): [string, string | undefined, number] {
  return [state, progress.stallReason, Math.floor(progress.stalledMs)];
}

/** Steps until nothing moves, then time passes up to `ms` after the last progress. */
async function rest({ run }: Stall): Promise<void> {
  for (let idleSteps = 0; idleSteps < 50;) idleSteps = (await run.step()) ? 0 : idleSteps + 1;
}

test('a peer that is not heard is a stall with that reason, on both sides, till it is heard', async () => {
  const { run } = await begun();
  for (const side of [run.sender, run.receiver]) {
    side.onStalled(run.nowUs - 7_000_000);
    expect(standingOf(side)).toEqual(['stalled', 'no-answer', 7_000]);
    side.onResumed();
    expect(standingOf(side)).toEqual(['running', undefined, 0]);
  }
});

test('both sides expect their peer as long as they are at it', async () => {
  const { run } = await begun();
  expect(run.pair.opener.isPeerExpected).toBe(true);
  expect(run.pair.responder.isPeerExpected).toBe(true);
});

test('a source that gives nothing for 5 s is a stall of the sender, on both sides, and goes on by itself', async () => {
  const stall = await begun();
  const { run, source } = stall;
  source.gate.isOpen = false;
  await rest(stall);
  expect(run.sender.state).toBe('running');
  run.passMs(4_900);
  expect([run.sender.state, run.receiver.state]).toEqual(['running', 'running']);
  run.passMs(100);
  for (const side of [run.sender, run.receiver]) {
    const [state, reason, stalledMs] = standingOf(side);
    expect([state, reason]).toEqual(['stalled', 'sender']);
    expect(stalledMs).toBeGreaterThanOrEqual(5_000);
  }
  source.gate.open();
  await run.finish();
  expect([run.sender.state, run.receiver.state]).toEqual(['done', 'done']);
});

test('a disk that takes nothing for 5 s is a stall of the receiver, on both sides', async () => {
  const stall = await begun();
  const { run, inbox } = stall;
  inbox.gate.isOpen = false;
  await rest(stall);
  run.passMs(5_000);
  expect(standingOf(run.sender).slice(0, 2)).toEqual(['stalled', 'receiver']);
  expect(standingOf(run.receiver).slice(0, 2)).toEqual(['stalled', 'receiver']);
  inbox.gate.open();
  await run.finish();
  expect([run.sender.state, run.receiver.state]).toEqual(['done', 'done']);
});

test('an offer that nobody answers for 5 s is called so', async () => {
  const source = new MemorySource({ content: contentOf(100) });
  let accept = (): void => undefined;
  const policy: ReceivePolicy = () =>
    new Promise((resolve) => {
      accept = () => {
        const stored = { storedName: 'movie.mp4', keptFreeShare: 0, limitBytes: 0 };
        resolve({ type: 'accept', ...stored, into: undefined });
      };
    });
  const run = new TransferRun({ source, inbox: new MemoryInbox(), policy });
  await run.start();
  await rest({ run, source, inbox: new MemoryInbox() });
  run.passMs(5_000);
  expect(standingOf(run.sender).slice(0, 2)).toEqual(['stalled', 'not-accepted']);
  accept();
  const { sent, received } = await run.finish();
  expect(run.sender.state).toBe('done');
  // That wait is nobody's time: a rate that counts it would say nothing of the transfer.
  for (const end of [sent, received]) {
    expect((end as TransferResult).elapsedMs).toBeGreaterThan(0);
    expect((end as TransferResult).elapsedMs).toBeLessThan(5_000);
  }
});
