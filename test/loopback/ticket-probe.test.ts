import { expect, test } from 'vitest';
import { createEndpoint } from '../../src/transfer/index.ts';
import { probeTicket } from '../../src/transfer/diagnosis.ts';

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
  expect(late).toEqual({ outcome: 'silent', address: receiver.address });
});

test('what is no ticket is no probe', async () => {
  await expect(probeTicket('upd1abc')).rejects.toThrow(TypeError);
});
