// A send that is given up after a while, with an AbortSignal.
// node examples/abort.mjs
import { PassThrough } from 'node:stream';
import { createEndpoint, TransferError } from 'updraft';

const receiver = await createEndpoint({ onOffer: () => ({ into: new PassThrough().resume() }) });
const sender = await createEndpoint();
const transfer = sender.send({
  ticket: receiver.ticket(),
  stream: new PassThrough(), // brings nothing, and never ends
  name: 'endless',
  signal: AbortSignal.timeout(300),
});
try {
  await transfer.done;
} catch (error) {
  if (!(error instanceof TransferError)) throw error;
  console.log(`${error.code} because of ${error.cause}`);
}
await Promise.all([sender.close(), receiver.close()]);
