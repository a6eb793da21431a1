// Shows a ticket, stores what its holder sends, and ends with the first delivery.
// node examples/receive-files.mjs [FOLDER]
import { createEndpoint } from 'updraft';

const [inbox = '.'] = process.argv.slice(2);
const endpoint = await createEndpoint({ inbox });
endpoint.on('transfer', async (transfer) => {
  try {
    const { path, sha256 } = await transfer.done;
    console.log(`${path} ${sha256}`);
    await endpoint.close();
  } catch (error) {
    console.error(`${transfer.name} did not come: ${error}`); // it waits for another one
  }
});
console.log(endpoint.ticket());
