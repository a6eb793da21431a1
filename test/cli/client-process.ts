import { join } from 'node:path';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { TEST_FINGERPRINT } from '../chat/test-key.ts';
import { UpdProcess } from './upd-process.ts';

export { UPD } from './upd-process.ts';

export interface ClientProcessOptions {
  /** Behind the three arguments. */
  readonly flags?: readonly string[];
  readonly udpPort?: number;
  /** A new folder when absent. */
  readonly inbox?: string;
  /** Where keys of servers are kept; a new folder when absent. */
  readonly stateHome?: string;
  /** The server's key is not known from outside. */
  readonly trustsAtFirst?: boolean;
  /** Another `upd`. */
  readonly program?: string;
}

/** A real `upd client` process. */
export class ClientProcess extends UpdProcess {
  readonly inbox: string;

  constructor(serverPort: number, options: ClientProcessOptions = {}) {
    const inbox = options.inbox ?? temporaryFolder();
    const args = ['client', '127.0.0.1', `${serverPort}`, `${options.udpPort ?? 0}`];
    const trust = options.trustsAtFirst === true ? [] : ['--fingerprint', TEST_FINGERPRINT];
    const flags = ['--inbox', inbox, ...trust, ...(options.flags ?? [])];
    const { stateHome = temporaryFolder(), program } = options;
    const changes = program === undefined ? {} : { program };
    super([...args, ...flags], { XDG_STATE_HOME: stateHome }, changes);
    this.inbox = inbox;
  }

  /** A client whose user has logged in. */
  static async enter(
    serverPort: number,
    user: string,
    options: ClientProcessOptions = {},
  ): Promise<ClientProcess> {
    const client = new ClientProcess(serverPort, options);
    client.type(user, `${user}-pw`);
    await client.see('active');
    return client;
  }

  /** Where a received file lies. */
  received(name: string): string {
    return join(this.inbox, name);
  }
}
