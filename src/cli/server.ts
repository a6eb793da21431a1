import { InvalidArgumentError, type Command } from 'commander';
import { hostAndPort, ServerStartError, startServer } from '../chat/server.ts';
import { safeLine } from '../text/safe-text.ts';
import { printErrorLine, printLine } from './terminal/output-lines.ts';

interface ServerFlags {
  readonly host: string;
  readonly dir: string;
  readonly blockSeconds: number;
  readonly register: boolean;
}

/** PRODUCT's exit codes, as far as this command has them. */
const exitCodeOf = { listen: 1, usage: 2, file: 3 } as const;

/** `upd server`: the chat server in the foreground. */
export function addServerCommand(program: Command): void {
  program
    .command('server')
    .description('run the chat server')
    .argument('<server_port>', 'TCP port; 0 takes a free one', portOf)
    .argument(
      '<number_of_consecutive_failed_attempts>',
      'wrong passwords in a row that block a user, 1 to 5',
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--dir <folder>', 'holds credentials.txt, userlog.txt and messagelog.txt', '.')
    .option('--block-seconds <seconds>', 'how long a user is blocked', secondsOf, 10)
    .option('--no-register', 'take no new users')
    .allowExcessArguments(false)
    .addHelpText(
      'before',
      'Examples:\n  upd server 8000 3 --dir ./room  credentials.txt stands in ./room\n',
    )
    .action(async (port: number, attempts: string, flags: ServerFlags) => {
      process.exitCode = await runServer(port, attempts, flags);
    });
}

async function runServer(port: number, attempts: string, flags: ServerFlags): Promise<number> {
  if (!/^[1-5]$/.test(attempts)) {
    const rule = 'The valid value of argument number is an integer between 1 and 5';
    printErrorLine(
      safeLine`Invalid number of allowed failed consecutive attempt: ${attempts}. ${rule}`,
    );
    return exitCodeOf.usage;
  }
  try {
    const server = await startServer({
      host: flags.host,
      port,
      dir: flags.dir,
      allowedFailures: Number(attempts),
      blockMs: flags.blockSeconds * 1000,
      takesNewUsers: flags.register,
      onLog: printLine,
    });
    const stop = firstSignal();
    printLine(safeLine`Server is running on ${hostAndPort(server.host, server.port)}`);
    printLine(safeLine`Fingerprint: ${server.fingerprint}`);
    await stop;
    await server.close();
    return 0;
  } catch (error) {
    if (!(error instanceof ServerStartError)) throw error;
    printErrorLine(safeLine`upd server: ${error.message}`);
    return exitCodeOf[error.code];
  }
}

/** Resolves at the first SIGINT or SIGTERM. The second one ends the process as if nobody listened. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError('A port is an integer between 0 and 65535.');
  }
  return port;
}

/** A day at most: whoever blocks longer should take the user out of the file. */
const MAX_BLOCK_SECONDS = 86_400;

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (!/^\d{1,5}(\.\d{1,3})?$/.test(text) || seconds > MAX_BLOCK_SECONDS) {
    throw new InvalidArgumentError(`A number of seconds from 0 to ${MAX_BLOCK_SECONDS}.`);
  }
  return seconds;
}
