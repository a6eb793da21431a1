// Sends files and folders, and shows how far it is.
// node examples/send-files.mjs TICKET PATH…
import { createEndpoint, readTicket, TransferError } from 'updraft';

const [ticket = '', ...paths] = process.argv.slice(2);
if (paths.length === 0 || readTicket(ticket) === undefined) {
  console.error('usage: node examples/send-files.mjs TICKET PATH…');
  process.exit(2);
}
const endpoint = await createEndpoint();
try {
  const transfer = endpoint.send({ ticket, paths });
  for await (const { transferredBytes, totalBytes } of transfer) {
    console.log(`${transferredBytes} of ${totalBytes} bytes`);
  }
  const { fileCount, failures } = await transfer.done;
  console.log(`${fileCount} delivered`);
  for (const { name, reason } of failures) console.log(`${name} was left out: ${reason}`);
} catch (error) {
  if (!(error instanceof TransferError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await endpoint.close();
}
