import { spawnSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { CreditReceiver, CreditSender } from '../../bench/loopback/credit-window.ts';
import { TransportDriver } from '../../src/transfer/io/udp/transport-driver.ts';
import { UdpPort } from '../../src/transfer/io/udp/udp-port.ts';
import { sideScript } from '../program/bench.ts';
import { fillContent, hasContent } from './distinct-content.ts';

// What is lost here never comes.
vi.setConfig({ testTimeout: 20_000 });

const DATAGRAM_BYTES = 1_400;
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function bound(host: string): Promise<UdpPort> {
  const port = await UdpPort.bind({ host, port: 0 });
  closers.push(() => port.close());
  return port;
}

async function boundFree(host: string): Promise<UdpPort> {
  const port = await UdpPort.bindFree({ host });
  closers.push(() => port.close());
  return port;
}

/** Resolves with the first datagram that arrives at `port`. */
async function firstAt(port: UdpPort): Promise<string> {
  return new Promise((resolve) => {
    port.onDatagram((datagram) => {
      resolve(Buffer.from(datagram).toString());
    });
  });
}

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

describe.each(hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'])('over %s', (host) => {
  test.each([true, false])(
    'two drivers carry 10,000 datagrams intact, each once and in order (connected: %s)',
    async (isConnected) => {
      const count = 10_000;
      const receiving = await bound(host);
      const sending = await boundFree(host);
      if (isConnected) sending.connect(receiving.address);
      const sequences: number[] = [];
      const receiver = new CreditReceiver({
        count,
        check: (datagram, sequence) => {
          sequences.push(sequence);
          return hasContent(datagram, sequence);
        },
      });
      const sender = new CreditSender({
        to: receiving.address,
        count,
        datagramBytes: DATAGRAM_BYTES,
        windowDatagrams: 50,
        fill: fillContent,
      });
      await new Promise<void>((resolve) => {
        const shared = { maxDatagramBytes: DATAGRAM_BYTES, onEvent: () => undefined };
        new TransportDriver({ ...shared, port: receiving, transport: receiver });
        const onTurn = (): void => {
          if (sender.isDone) resolve();
        };
        new TransportDriver({ ...shared, port: sending, transport: sender, onTurn }).wake();
      });
      expect(receiver.alteredCount).toBe(0);
      expect(sequences).toEqual(Array.from({ length: count }, (_, index) => index));
    },
  );

  test('a disconnected port keeps its number and hears everybody again', async () => {
    const port = await boundFree(host);
    const [peer, stranger] = [await bound(host), await bound(host)];
    expect(port.connect(peer.address)).toBe(true);
    port.disconnect();
    const heard = firstAt(port);
    stranger.send(Buffer.from('from a stranger'), port.address, false);
    expect(await heard).toBe('from a stranger');
  });

  test('a connected port hears only its peer', async () => {
    const port = await boundFree(host);
    const [peer, stranger] = [await bound(host), await bound(host)];
    port.connect(peer.address);
    const heard = firstAt(port);
    stranger.send(Buffer.from('from a stranger'), port.address, false);
    peer.send(Buffer.from('from the peer'), port.address, false);
    expect(await heard).toBe('from the peer');
  });

  test('what is sent in the same turn after connecting arrives', async () => {
    const port = await boundFree(host);
    const peer = await bound(host);
    const heard = firstAt(peer);
    port.connect(peer.address);
    port.send(Buffer.from('at once'), peer.address, false);
    expect(await heard).toBe('at once');
  });

  test('a taken port is a clear error', async () => {
    const { address } = await bound(host);
    const taken = UdpPort.bind({ host, port: address.port });
    await expect(taken).rejects.toThrow(`:${address.port}: it is already in use`);
  });

  test('a peer that is not there is a hint', async () => {
    const gone = await UdpPort.bind({ host, port: 0 });
    await gone.close();
    const port = await boundFree(host);
    const hint = new Promise<Error>((resolve) => (port.onHint = resolve));
    port.connect(gone.address);
    port.send(Buffer.from('hello?'), gone.address, false);
    expect(await hint).toMatchObject({ code: 'ECONNREFUSED' });
  });
});

test('an address of the other family is a hint, never a throw', async () => {
  const port = await bound('127.0.0.1');
  const hint = new Promise<Error>((resolve) => (port.onHint = resolve));
  port.send(Buffer.from('hello?'), { address: '::1', port: 9 }, true);
  expect(await hint).toMatchObject({ code: 'EINVAL' });
});

test('a closed driver leaves nothing that keeps its process alive', () => {
  const child = spawnSync(process.execPath, [sideScript('loopback/open-and-close')], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect([child.stdout, child.stderr, child.status]).toEqual(['closed\n', '', 0]);
});
