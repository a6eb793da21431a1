import { ServerLink } from '../../src/chat/io/server-link.ts';
import { ChatClient, type ChatClientOptions } from '../../src/chat/client.ts';
import { FakeEndpoint } from './fake-endpoint.ts';
import { ScriptedConsole } from './scripted-console.ts';
import { temporaryFolder } from './server-fixture.ts';
import { TEST_FINGERPRINT } from './test-key.ts';

export interface ClientFixture {
  readonly client: ChatClient;
  readonly console: ScriptedConsole;
  /** Resolves with the exit code. */
  readonly exit: Promise<number>;
  /** The endpoint that the client made. */
  readonly endpoint: () => FakeEndpoint;
}

/** A real client on a scripted console, with an endpoint that has no network. */
export function startClient(
  serverPort: number,
  options: Partial<ChatClientOptions> = {},
  console: ScriptedConsole = new ScriptedConsole(),
): ClientFixture {
  let endpoint: FakeEndpoint | undefined;
  const client = new ChatClient({
    serverHost: '127.0.0.1',
    serverPort,
    udpPort: 0,
    inbox: '.',
    stateDir: temporaryFolder(),
    fingerprint: TEST_FINGERPRINT,
    queue: 4,
    console,
    createEndpoint: (endpointOptions) => {
      endpoint = new FakeEndpoint(endpointOptions);
      return Promise.resolve(endpoint);
    },
    ...options,
  });
  return { client, console, exit: client.run(), endpoint: () => endpoint! };
}

/** A client whose user has logged in; the lines up to the first ATU are taken. */
export async function enterClient(
  serverPort: number,
  user: string,
  options: Partial<ChatClientOptions> = {},
  console: ScriptedConsole = new ScriptedConsole(),
): Promise<ClientFixture> {
  const fixture = startClient(serverPort, options, console);
  console.type(user, `${user}-pw`);
  await console.shown('A time is');
  await console.shown('active');
  return fixture;
}

/** A link to a server whose key does not matter. */
export function openLink(port: number): Promise<ServerLink> {
  return ServerLink.open('127.0.0.1', port, () => Promise.resolve());
}
