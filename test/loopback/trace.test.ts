import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  createEndpoint,
  type EndpointOptions,
  type TransferEndpoint,
} from '../../src/transfer/index.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { randomFile, sparseFile } from '../cli/sample-files.ts';
import { eventsIn, named, type ReadEvent } from '../transfer/trace/trace-text.ts';

async function opened(options: EndpointOptions): Promise<TransferEndpoint> {
  const endpoint = await createEndpoint(options);
  onTestFinished(() => endpoint.close());
  return endpoint;
}

function streamBytes(events: readonly ReadEvent[], name: string): number {
  const frames = named(events, '1', name).flatMap(({ data }) => data.frames ?? []);
  const ends = frames.map(({ frame_type: type, offset, length }) =>
    type === 'stream' ? offset + length : 0,
  );
  return Math.max(...ends);
}

function closeCount(events: readonly ReadEvent[], name: string): number {
  return named(events, '1', name).filter(
    ({ data }) => data.frames![0]!.frame_type === 'connection_close',
  ).length;
}

test('traces of a transfer between real sockets are whole, agree with its counters, and hold no secret', async () => {
  const folder = temporaryFolder();
  const [sentPath, receivedPath] = [join(folder, 'sent'), join(folder, 'received')];
  const receiver = await opened({ inbox: folder, trace: receivedPath });
  const sender = await opened({ trace: sentPath });
  const ticket = receiver.ticket();
  const incoming = once(receiver, 'transfer');
  const paths = [randomFile(temporaryFolder(), 'a-secret-name', 2_000_000)];
  const sent = sender.send({ ticket, paths });
  const result = await sent.done;
  await incoming;
  await Promise.all([sender.close(), receiver.close()]);

  const texts = [sentPath, receivedPath].map((path) => readFileSync(path, 'utf8'));
  const [a, b] = texts.map(eventsIn) as [ReadEvent[], ReadEvent[]];
  const [{ data: counters }] = named(a, '1', 'updraft:counters') as [ReadEvent];
  expect(counters['packets_lost']).toBe(result.packetsLostCount);
  expect(counters['bytes_retransmitted']).toBe(result.retransmittedBytes);
  expect(named(a, '1', 'recovery:packet_lost').length).toBe(result.packetsLostCount);
  for (const events of [a, b]) {
    const packetsSent = named(events, '1', 'transport:packet_sent').filter(
      ({ data }) => data.frames![0]!.frame_type !== 'connection_close',
    );
    const [end] = named(events, '1', 'updraft:counters') as [ReadEvent];
    expect(packetsSent.length).toBe(end.data['packets_sent']);
    expect(events.at(-1)!.data).toEqual({
      event_count: events.length - 1,
      missing_event_count: 0,
    });
  }
  // The sender's CLOSE, however often it was said, is answered once; so it need not linger.
  expect(closeCount(b, 'transport:packet_sent')).toBe(1);
  expect(closeCount(a, 'transport:packet_received')).toBe(1);
  const wholeBytes = streamBytes(a, 'transport:packet_sent');
  expect(wholeBytes).toBeGreaterThan(result.totalBytes);
  expect(streamBytes(b, 'transport:packet_received')).toBe(wholeBytes);
  for (const text of texts) {
    for (const secret of ['a-secret-name', folder, ticket, ticket.slice(4, 40), sender.publicKey]) {
      expect(text).not.toContain(secret);
    }
  }
  expect(statSync(sentPath).mode & 0o777).toBe(0o600);
});

test('the trace of a transfer that is cancelled midway is whole', async () => {
  const folder = temporaryFolder();
  const receiver = await opened({ inbox: folder });
  const trace = join(folder, 'trace');
  const sender = await opened({ trace });
  const incoming = once(receiver, 'transfer');
  const paths = [sparseFile(temporaryFolder(), 'large', 10_000_000_000)];
  const sent = sender.send({ ticket: receiver.ticket(), paths });
  await incoming;
  await once(sent, 'progress');
  sent.cancel();
  await expect(sent.done).rejects.toThrow('cancelled');
  await sender.close();
  const events = eventsIn(readFileSync(trace, 'utf8'));
  const [closed] = named(events, '1', 'connectivity:connection_closed') as [ReadEvent];
  expect(closed.data).toEqual({ owner: 'local', application_code: 1 });
  expect(events.at(-1)!.name).toBe('updraft:trace_ended');
});

test('a trace that cannot be written leaves no endpoint behind', async () => {
  const trace = join(temporaryFolder(), 'no', 'folder', 'trace');
  await expect(createEndpoint({ trace })).rejects.toMatchObject({
    code: 'local-file',
    message: expect.stringContaining(`the trace ${trace} cannot be written: ENOENT`) as string,
  });
});
