import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createEndpoint, type TransferEndpoint } from '../../src/transfer/index.ts';
import { type ClientFixture, enterClient } from './client-fixture.ts';
import type { FakeEndpoint } from './fake-endpoint.ts';
import { temporaryFolder } from './server-fixture.ts';
import { strangeServer, type StrangePeer } from './strange-server.ts';

const SINCE = '25 Apr 2021 05:26:30';

interface Guest {
  readonly peer: StrangePeer;
  readonly publicKey: string;
  readonly udpPort: number;
}

/** A chat server that introduces its users truly or puts its own keys between them. */
class LyingServer {
  /** To whom it lies. */
  readonly liesTo = new Set<'sender' | 'receiver'>();
  /** Whose key and address it gives in place of the other's. */
  middle: TransferEndpoint | undefined;
  readonly #guests = new Map<string, Guest>();
  #introductionCount = 0;

  start(): Promise<number> {
    const names = new Map<StrangePeer, string>();
    return strangeServer(({ type, body }, peer) => {
      const { request } = body;
      const name = names.get(peer) ?? '';
      if (type === 'login') {
        const user = body['user'] as string;
        names.set(peer, user);
        const { publicKey, udpPort } = body as unknown as Guest;
        this.#guests.set(user, { peer, publicKey, udpPort });
        const users = [...this.#guests.keys()]
          .filter((other) => other !== user)
          .map((other) => ({ user: other, address: '127.0.0.1', udpPort: 1, since: SINCE }));
        peer.send('welcome', { request, user, users, more: false });
      } else if (type === 'introduce') {
        this.#introduce(name, body['to'] as string, body['purpose'] as 'files', request);
      } else if (type === 'decline') {
        for (const guest of this.#guests.values()) {
          if (guest.peer !== peer) guest.peer.send('declined', { keyId: body['keyId'] as string });
        }
        peer.send('declining', { request });
      } else if (type === 'logout') {
        peer.send('bye', { request });
      }
    });
  }

  #introduce(from: string, to: string, purpose: 'files' | 'message', request: number): void {
    const [sender, receiver] = [this.#guests.get(from)!, this.#guests.get(to)!];
    const keyId = (++this.#introductionCount).toString(16).padStart(16, '0');
    const key = { keyId, secret: '5a'.repeat(32) };
    const { middle } = this;
    const own = middle?.publicKey ?? 'ee'.repeat(32);
    if (this.liesTo.has('sender')) {
      middle?.expect({ ...key, peerKey: sender.publicKey }, from, purpose);
    }
    receiver.peer.send('expect', {
      from,
      purpose,
      key: { ...key, peerKey: this.liesTo.has('receiver') ? own : sender.publicKey },
    });
    const isLiedTo = this.liesTo.has('sender');
    sender.peer.send('introduced', {
      request,
      to,
      key: { ...key, peerKey: isLiedTo ? own : receiver.publicKey },
      addresses: [
        isLiedTo && middle ? middle.address : { address: '127.0.0.1', port: receiver.udpPort },
      ],
    });
  }
}

interface Meeting {
  readonly server: LyingServer;
  readonly jess: ClientFixture;
  readonly derek: ClientFixture;
  readonly file: string;
  readonly inbox: string;
}

/** derek and jess are logged in; `isReal`: with endpoints that have a network. */
async function meeting({ isReal = false } = {}): Promise<Meeting> {
  const server = new LyingServer();
  const port = await server.start();
  const folder = temporaryFolder();
  const inbox = join(folder, 'inbox');
  mkdirSync(inbox);
  const file = join(folder, 'plans.pdf');
  writeFileSync(file, 'what nobody in between may read');
  const options = { inbox, ...(isReal ? { createEndpoint } : {}) };
  const jess = await enterClient(port, 'jess', options);
  const derek = await enterClient(port, 'derek', options);
  onTestFinished(async () => {
    for (const { client, exit } of [jess, derek]) {
      client.stop('interrupted');
      await exit;
    }
  });
  return { server, jess, derek, file, inbox };
}

const codeOf = (line: string): string => /[a-z]{5}(-[a-z]{5}){3}/.exec(line)![0];
const CODE = '[a-z]{5}(-[a-z]{5}){3}';

test('a chat server that gives each side its own key in place of the other’s is noticed on the second contact and refused', async () => {
  const { server, jess, derek, file, inbox } = await meeting({ isReal: true });
  derek.console.type(`UPD jess '${file}'`);
  await derek.console.shown('plans.pdf has been delivered to jess');
  await jess.console.shown('Received plans.pdf from derek');

  const caught = temporaryFolder();
  const middle = await createEndpoint({ inbox: caught });
  onTestFinished(() => middle.close());
  const seen: unknown[] = [];
  middle.on('transfer', (transfer) => seen.push(transfer));
  middle.onMessage((message) => void seen.push(message));
  server.middle = middle;
  server.liesTo.add('sender').add('receiver');
  derek.console.type(`UPD jess '${file}'`);
  const refusedFile = (await derek.console.shown('plans.pdf')).at(-1)!;
  derek.console.type('DM jess the code is 1234');
  const refusedMessage = (await derek.console.shown('Message')).at(-1)!;
  const reason = (user: string): string =>
    `${user} has a new identity key: a new client, or somebody sits in between; if ${user} sees the check code ${CODE} too, accept it with TRUST ${user}\\.$`;
  expect(refusedFile).toMatch(
    new RegExp(`^plans.pdf could not be delivered to jess: ${reason('jess')}`),
  );
  expect(refusedMessage).toMatch(
    new RegExp(`^Message to jess could not be delivered: ${reason('jess')}`),
  );
  await jess.console.warned('A message from derek was refused');
  const lines = jess.console.errors.filter((line) => line.includes('refused'));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(new RegExp(`^What was sent from derek was refused: ${reason('derek')}`));
  // The words differ, as two people who compare them will notice.
  expect(codeOf(lines[0]!)).not.toBe(codeOf(refusedFile));
  // Whoever sits in between got nothing, not even a connection.
  expect(seen).toEqual([]);
  expect(readdirSync(caught)).toEqual([]);
  expect(readdirSync(inbox)).toEqual(['derek_plans.pdf']);

  server.liesTo.clear();
  derek.console.type('DM jess it is you again');
  await derek.console.shown('Message delivered to jess.');
  expect((await jess.console.shown('private')).at(-1)).toBe('derek (private): "it is you again"');
});

test('a server that lies from the first contact shows two people different check codes', async () => {
  const { server, jess, derek } = await meeting();
  server.liesTo.add('sender').add('receiver');
  derek.console.type('DM jess hello');
  await derek.endpoint().messages(1);
  await jess.endpoint().expectations(1);
  derek.console.type('TRUST jess');
  jess.console.type('TRUST derek');
  const codes = [
    codeOf((await derek.console.shown('Check code')).at(-1)!),
    codeOf((await jess.console.shown('Check code')).at(-1)!),
  ];
  expect(codes[0]).not.toBe(codes[1]);
});

test('people whom nobody deceives see the same check code', async () => {
  const { jess, derek } = await meeting();
  derek.console.type('DM jess hello');
  await derek.endpoint().messages(1);
  await jess.endpoint().expectations(1);
  derek.console.type('TRUST jess');
  jess.console.type('TRUST derek');
  const line = (await derek.console.shown('Check code')).at(-1)!;
  expect(line).toMatch(
    new RegExp(`^jess has no new identity key\\. Check code of the known one: ${CODE}\\.$`),
  );
  expect(codeOf((await jess.console.shown('Check code')).at(-1)!)).toBe(codeOf(line));
});

test('a sender whom the other side does not let in is told at once and what to do', async () => {
  const { server, jess, derek, file } = await meeting();
  derek.console.type('DM jess hello');
  (await derek.endpoint().messages(1))[0]!.deliver();
  await derek.console.shown('Message delivered');
  server.liesTo.add('receiver');
  derek.console.type(`UPD jess '${file}'`);
  const [transfer] = await derek.endpoint().sends(1);
  expect((await derek.console.shown('plans.pdf')).at(-1)).toBe(
    'plans.pdf could not be delivered to jess: jess knows you by another identity key and refuses this one; ask jess to type TRUST derek.',
  );
  expect(transfer!.state).toBe('failed');
  derek.console.type('DM jess are you there');
  expect((await derek.console.shown('Message to')).at(-1)).toBe(
    'Message to jess could not be delivered: jess knows you by another identity key and refuses this one; ask jess to type TRUST derek.',
  );
  await jess.console.warned('A message from derek');
  expect(jess.endpoint().expected).toHaveLength(1);
});

test('a hundred refusals for one reason are one line', async () => {
  const { server, jess, derek } = await meeting();
  derek.console.type('DM jess hello');
  (await derek.endpoint().messages(1))[0]!.deliver();
  await derek.console.shown('Message delivered');
  server.liesTo.add('receiver');
  for (let count = 0; count < 100; count++) {
    derek.console.type('DM jess again');
    await derek.console.shown('Message to jess could not');
  }
  const lines = jess.console.errors.filter((line) => line.includes('refused'));
  expect(lines).toHaveLength(1);
});

test('TRUST lets both sides meet again after a new key, and only after it', async () => {
  const { server, jess, derek } = await meeting();
  const endpointOf = (fixture: ClientFixture): FakeEndpoint => fixture.endpoint();
  derek.console.type('DM jess one');
  (await endpointOf(derek).messages(1))[0]!.deliver();
  await derek.console.shown('Message delivered');
  server.liesTo.add('sender').add('receiver');
  derek.console.type('DM jess two');
  await derek.console.shown('TRUST jess');
  await jess.console.warned('TRUST derek');
  derek.console.type('TRUST jess');
  jess.console.type('TRUST derek');
  await derek.console.shown('The new identity key of jess is trusted from now on.');
  await jess.console.shown('The new identity key of derek is trusted from now on.');
  derek.console.type('DM jess three');
  const messages = await endpointOf(derek).messages(2);
  expect(messages.map(({ request }) => request.text)).toEqual(['one', 'three']);
  expect((await endpointOf(jess).expectations(2))[1]!.introduction.peerKey).toBe('ee'.repeat(32));
});
