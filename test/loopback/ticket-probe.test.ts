import { expect, onTestFinished, test } from 'vitest';
import { createEndpoint } from '../../src/transfer/index.ts';
import { probeIntroduced, probeTicket } from '../../src/transfer/diagnosis.ts';
import { X25519KeyPair } from '../../src/transfer/secure/noise/x25519.ts';

/** Of the series. */
const COUNT = 5;

test('a ticket whose receiver listens is answered, one whose receiver has ended is not; neither is seen there', async () => {
  const receiver = await createEndpoint({ port: 0 });
  const seen: unknown[] = [];
  receiver.on('transfer', (transfer) => seen.push(transfer));
  const ticket = receiver.ticket({ addresses: ['127.0.0.1'] });
  const [probe] = await probeTicket(ticket, { pingCount: COUNT });
  expect(probe).toMatchObject({ outcome: 'answered', address: receiver.address });
  const { sentCount, minRttMs, datagramBytes } = probe!.answer!;
  expect(sentCount).toBeGreaterThanOrEqual(COUNT);
  expect(minRttMs).toBeGreaterThan(0);
  // Found without a byte of content.
  expect(datagramBytes).toBeGreaterThan(1_472);
  expect(seen).toEqual([]);
  await receiver.close();
  const [late] = await probeTicket(ticket, { openMs: 100 });
  expect(late).toMatchObject({ outcome: 'silent', address: receiver.address });
  expect(late!.sent!.openCount).toBeGreaterThan(0);
});

test('under an introduction whoever expects it answers, once, and what is sent in vain is counted on both sides', async () => {
  const receiver = await createEndpoint({ port: 0 });
  onTestFinished(() => receiver.close());
  const seen: unknown[] = [];
  receiver.on('transfer', (transfer) => seen.push(transfer));
  const privateKey = new Uint8Array(32).fill(7);
  const publicKey = Buffer.from(X25519KeyPair.fromPrivate(privateKey).publicKey).toString('hex');
  const shared = { keyId: '0123456789abcdef', secret: '5a'.repeat(32) };
  receiver.expect({ ...shared, peerKey: publicKey }, 'derek');
  const introduction = { ...shared, peerKey: receiver.publicKey };
  const peer = { introduction, addresses: [receiver.address] };
  const probe = await probeIntroduced(peer, privateKey, { pingCount: COUNT });
  expect(probe).toMatchObject({ outcome: 'answered', address: receiver.address });
  const before = (await receiver.openingNotes(shared.keyId)).seen!;
  const again = await probeIntroduced(peer, privateKey, { openMs: 100 });
  expect(again.outcome).toBe('silent');
  const after = (await receiver.openingNotes(shared.keyId)).seen!;
  expect(after.openCount - before.openCount).toBe(again.sent!.openCount);
  expect(after.answerCount).toBe(before.answerCount);
  expect(seen).toEqual([]);
});

test('a probe that is aborted ends at once', async () => {
  const receiver = await createEndpoint({ port: 0 });
  onTestFinished(() => receiver.close());
  const introduction = {
    ...{ keyId: '0123456789abcdef', secret: '5a'.repeat(32) },
    peerKey: receiver.publicKey,
  };
  const peer = { introduction, addresses: [receiver.address] };
  const aborting = new AbortController();
  // Nobody expects it: without the signal it would wait for ever.
  const options = { openMs: 2 ** 30, signal: aborting.signal };
  const probe = probeIntroduced(peer, new Uint8Array(32).fill(7), options);
  aborting.abort();
  expect(await probe).toMatchObject({ outcome: 'broken' });
});

test('what is no ticket is no probe', async () => {
  await expect(probeTicket('upd1abc')).rejects.toThrow(TypeError);
});
