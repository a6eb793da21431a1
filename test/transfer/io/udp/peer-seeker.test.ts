import { beforeEach, expect, test } from 'vitest';
import { PeerSeeker, type SeekerHost } from '../../../../src/transfer/io/udp/peer-seeker.ts';
import type { UdpPort } from '../../../../src/transfer/io/udp/udp-port.ts';
import { FakeLoop, fakePort, FakeSocket } from './udp-fakes.ts';

const PEER = { address: '192.0.2.7', port: 9 };
const HERE = '127.0.0.1';

class Host implements SeekerHost {
  current!: UdpPort;
  answer: ReturnType<SeekerHost['peer']> = 'none';
  readonly told: string[] = [];

  port(): UdpPort {
    return this.current;
  }

  peer(): ReturnType<SeekerHost['peer']> {
    return this.answer;
  }

  onConnected(): void {
    this.told.push('connected');
  }

  onLocalChange(): void {
    this.told.push('local change');
  }

  replacePort(port: UdpPort): void {
    this.told.push('replaced');
    this.current = port;
  }
}

let host: Host;
let socket: FakeSocket;
let local: Set<string>;
let bound: string[];
let seeker: PeerSeeker;

beforeEach(async () => {
  host = new Host();
  socket = new FakeSocket();
  host.current = await fakePort(socket, new FakeLoop());
  local = new Set([HERE]);
  bound = [];
  const bindFree = async (address: string): Promise<UdpPort> => {
    bound.push(address);
    return fakePort(new FakeSocket(), new FakeLoop());
  };
  seeker = new PeerSeeker(host, bindFree, () => local);
});

function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

test('a port is connected where the peer is heard, once', () => {
  host.answer = PEER;
  seeker.update();
  seeker.update();
  expect(host.current.peer).toEqual(PEER);
  expect(host.told).toEqual(['connected']);
});

test('while the peer is away the port hears everybody, and is connected where the peer turns up', () => {
  host.answer = PEER;
  seeker.update();
  host.answer = 'away';
  seeker.update();
  expect(host.current.peer).toBeUndefined();
  const elsewhere = { ...PEER, port: 10 };
  host.answer = elsewhere;
  seeker.update();
  expect(host.current.peer).toEqual(elsewhere);
});

test('without a connection the port stays as it is', () => {
  host.answer = PEER;
  seeker.update();
  host.answer = 'none';
  seeker.update();
  expect(host.current.peer).toEqual(PEER);
});

test('nothing is done while the system still holds a datagram', () => {
  socket.queueCount = 1;
  host.answer = PEER;
  seeker.update();
  expect(host.told).toEqual([]);
});

test('another local address is a local change; the first is not', () => {
  host.answer = PEER;
  seeker.update();
  host.current.disconnect();
  socket.address = () => ({ address: '192.0.2.1', port: 4000, family: 'IPv4' });
  seeker.update();
  expect(host.told).toEqual(['connected', 'local change', 'connected']);
});

test('an address error disconnects; a refused port or a lost datagram does not', () => {
  host.answer = PEER;
  seeker.update();
  for (const code of ['ECONNREFUSED', 'EMSGSIZE', 'ENOBUFS']) seeker.onHint(systemError(code), 0);
  expect(host.current.peer).toEqual(PEER);
  seeker.onHint(systemError('ENETUNREACH'), 0);
  expect(host.current.peer).toBeUndefined();
  expect(bound).toEqual([]);
});

test('a port whose address has left this machine is replaced by one on the wildcard', async () => {
  local.clear();
  seeker.onHint(systemError('EINVAL'), 0);
  seeker.onHint(systemError('EINVAL'), 5_000_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(bound).toEqual(['0.0.0.0']);
  expect(host.told).toEqual(['replaced']);
});

test('the interfaces are looked at once a second at most', () => {
  let lookCount = 0;
  const looking = new PeerSeeker(
    host,
    () => Promise.reject(new Error('none free')),
    () => {
      lookCount++;
      return local;
    },
  );
  for (let nowUs = 0; nowUs < 3_000_000; nowUs += 1_000) {
    looking.onHint(systemError('EINVAL'), nowUs);
  }
  expect(lookCount).toBe(3);
});
