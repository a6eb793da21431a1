/**
 * Guesses passwords from 127.0.0.1 as fast as a server answers. Arguments: its port, how many
 * guesses at most in how many seconds, `known` or `unknown` (names). Prints `begun` at the first answer, at the
 * end what became of all as JSON.
 */
import { RawClient } from '../../test/chat/raw-client.ts';

/** More keep the server no busier: guesses of one address are checked one by one. */
const CONNECTIONS = 10;

const [port, guesses, seconds, names] = process.argv.slice(2);
const endMs = performance.now() + Number(seconds) * 1_000;
const tally: Record<string, number> = {};
let startedCount = 0;

async function guess(): Promise<void> {
  const client = await RawClient.connect(Number(port));
  while (startedCount < Number(guesses) && performance.now() < endMs) {
    const number = startedCount++;
    const user = names === 'known' ? 'jess' : `nobody${number}`;
    const answer = await client.login(user, `guess${number}`);
    const outcome = answer.type === 'refused' ? answer.body.reason : answer.type;
    if (Object.keys(tally).length === 0) console.log('begun');
    tally[outcome] = (tally[outcome] ?? 0) + 1;
  }
  client.socket.destroy();
}

await Promise.all(Array.from({ length: CONNECTIONS }, guess));
console.log(JSON.stringify(tally));
