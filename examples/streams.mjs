// Two endpoints in one process: text goes through gzip, over UDP, and through gunzip, without a file.
// node examples/streams.mjs
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createGunzip, createGzip } from 'node:zlib';
import { createEndpoint } from 'updraft';

const output = createGunzip();
const receiver = await createEndpoint({
  onOffer: ({ kind }) => (kind === 'file' ? { into: output } : { refuse: 'one file, please' }),
});
const sender = await createEndpoint();

const lines = Readable.from(Array.from({ length: 1000 }, (_, number) => `line ${number}\n`));
const transfer = sender.send({
  ticket: receiver.ticket(),
  stream: lines.pipe(createGzip()),
  name: 'lines.gz',
});
const received = await text(output);
await transfer.done; // only now is it known that they are all there and right
console.log(`${received.split('\n').length - 1} lines received`);
await Promise.all([sender.close(), receiver.close()]);
