import { afterEach, expect, test, vi } from 'vitest';
import { UdpPort } from '../../src/transfer/io/udp/udp-port.ts';
import { openStream, type Stream } from './engine-pair.ts';

vi.setConfig({ testTimeout: 60_000 });

const HOST = '127.0.0.1';
const BYTES = 100_000_000;
const streams: Stream[] = [];

afterEach(async () => {
  for (const stream of streams.splice(0)) await stream.close();
});

/** Sends `BYTES`; `side` goes on from another port when a fifth has arrived. Returns the new port. */
async function rebound(side: 'opener' | 'listener'): Promise<{ stream: Stream; port: UdpPort }> {
  const port = await UdpPort.bindFree({ host: HOST });
  const act = (stream: Stream): void => {
    stream[side].replacePort(port);
  };
  const readAt = { bytes: BYTES / 5, act };
  const stream = await openStream({ openerHost: HOST, listenerHost: HOST, bytes: BYTES, readAt });
  streams.push(stream);
  await stream.done;
  return { stream, port };
}

test('a sender that goes on from another port in mid-transfer is followed there', async () => {
  const { stream, port } = await rebound('opener');
  expect(stream.readBytes).toBe(BYTES);
  expect(stream.receiving!.peerAddress).toEqual(port.address);
  // Connected again, to the same peer.
  expect(stream.opener.port.peer).toEqual(stream.listener.port.address);
});

test('a receiver that goes on from another port in mid-transfer is found there', async () => {
  const { stream, port } = await rebound('listener');
  expect(stream.readBytes).toBe(BYTES);
  expect(stream.sending!.peerAddress).toEqual(port.address);
  expect(stream.opener.port.peer).toEqual(port.address);
});
