import { temporaryFolder } from '../chat/server-fixture.ts';
import { UpdProcess, type UpdProcessOptions } from './upd-process.ts';

/** One state folder for the senders of a test file: what they keep does not matter to it. */
function environment(): Record<string, string> {
  return { XDG_STATE_HOME: temporaryFolder(), UPD_TICKET: '' };
}

/** `upd receive` on loopback, into a new folder. */
export class Receiver extends UpdProcess {
  readonly dir: string;

  constructor(
    flags: readonly string[] = [],
    dir: string = temporaryFolder(),
    options: UpdProcessOptions = {},
  ) {
    super(['receive', '--host', '127.0.0.1', '--dir', dir, ...flags], environment(), options);
    this.dir = dir;
  }

  ticket(): Promise<string> {
    return this.see('upd1');
  }
}

/** `upd send`. */
export function send(
  args: readonly string[],
  changes: Readonly<Record<string, string>> = {},
  options: UpdProcessOptions = {},
): UpdProcess {
  return new UpdProcess(['send', ...args], { ...environment(), ...changes }, options);
}
