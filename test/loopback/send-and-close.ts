/**
 * A process that sends itself a file through the public API, says what became of it, and has nothing
 * left to do: `send-and-close.ts FOLDER INDEX`, where INDEX is the library's entry to import.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, index] = process.argv.slice(2);
const { createEndpoint } = (await import(
  pathToFileURL(index!).href
)) as typeof import('../../src/transfer/index.ts');

const path = join(folder!, 'source');
const inbox = join(folder!, 'inbox');
mkdirSync(inbox);
writeFileSync(path, new Uint8Array(3_000_000).fill(7));
const introduced = { keyId: '0123456789abcdef', secret: '00'.repeat(32) };
const receiver = await createEndpoint({
  inbox,
  onOffer: ({ name }) => ({ storedName: `stored-${name}` }),
});
const sender = await createEndpoint();
const received = new Promise<string>((resolve) => {
  receiver.on('transfer', (transfer) => {
    void transfer.done.then((result) => {
      resolve(`${result.path} ${result.sha256}`);
    });
  });
});
receiver.expect({ ...introduced, peerKey: sender.publicKey }, 'self');
const introduction = { ...introduced, peerKey: receiver.publicKey };
const sent = sender.send({
  introduction,
  addresses: [receiver.address],
  paths: [path],
  peer: 'self',
});
console.log((await sent.done).sha256, await received);
await Promise.all([sender.close(), receiver.close()]);
console.log('closed');
