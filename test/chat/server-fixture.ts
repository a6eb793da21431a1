import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startServer, type ChatServer, type ChatServerOptions } from '../../src/chat/server.ts';
import { FakeClock } from './fake-clock.ts';
import { RawClient } from './raw-client.ts';
import { putTestKey } from './test-key.ts';

export interface ServerFixture {
  readonly dir: string;
  readonly clock: FakeClock;
  readonly server: ChatServer;
  /** Lines of the server's log, without their time. */
  readonly log: string[];
  readonly connect: (localAddress?: string) => Promise<RawClient>;
  /** Connects and logs in with the password that the user has. */
  readonly enter: (user: string, localAddress?: string) => Promise<RawClient>;
  readonly read: (name: string) => string;
}

/** jess, derek and steve, whose passwords are their names with `-pw`. */
export const CREDENTIALS = 'jess jess-pw\nderek derek-pw\nsteve steve-pw\n';

export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'updraft-chat-'));
  onTestFinished(() => {
    // Again while a process that was just killed still writes.
    rmSync(dir, { recursive: true, maxRetries: 10, retryDelay: 50 });
  });
  return dir;
}

/** A server of its own on a free port, in a temporary folder, with a clock that stands still. */
export async function startFixture(
  options: Partial<ChatServerOptions> = {},
  credentials: string = CREDENTIALS,
): Promise<ServerFixture> {
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'credentials.txt'), credentials);
  putTestKey(dir);
  const clock = new FakeClock();
  const log: string[] = [];
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    dir,
    allowedFailures: 3,
    blockMs: 10_000,
    clock,
    scryptCost: { logN: 4, r: 8, p: 1 },
    onLog: (line) => log.push(line.slice('25 Apr 2021 05:26:30; '.length)),
    ...options,
  });
  const clients: RawClient[] = [];
  onTestFinished(async () => {
    for (const { socket } of clients) socket.destroy();
    await server.close();
  });
  const connect = async (localAddress?: string): Promise<RawClient> => {
    const client = await RawClient.connect(server.port, localAddress);
    clients.push(client);
    return client;
  };
  return {
    dir,
    clock,
    server,
    log,
    connect,
    enter: async (user, localAddress) => {
      const client = await connect(localAddress);
      const answer = await client.login(user, `${user}-pw`);
      if (answer.type !== 'welcome') throw new Error(JSON.stringify(answer));
      return client;
    },
    read: (name) => readFileSync(join(dir, name), 'utf8'),
  };
}
