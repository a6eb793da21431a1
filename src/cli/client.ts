import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import {
  ChatClient,
  type ChatClientOptions,
  clientExitCodes,
  type Fingerprint,
  parseFingerprint,
} from '../chat/client.ts';
import { TransferError } from '../transfer/index.ts';
import { ownStateFolder } from './state-folder.ts';
import { InputHistory } from './terminal/input-history.ts';
import { PipeConsole } from './terminal/pipe-console.ts';
import { ProgressBars } from './terminal/progress-bars.ts';
import { TerminalConsole } from './terminal/terminal-console.ts';
import {
  addCommonFlags,
  contradictionIn,
  type CommonFlags,
  engineOptionsOf,
} from './common-flags.ts';
import { CommandOutput } from './command-output.ts';
import { Receipts } from '../report/receipt.ts';
import { exitCodes } from '../report/exit-codes.ts';
import { asError } from '../report/transfer-failure.ts';
import { JsonConsole } from './terminal/json-console.ts';
import { oldPartialsLine } from './partials.ts';
import { integerOf } from './flag-values.ts';
import { Stopping } from './stopping.ts';

interface ClientFlags extends CommonFlags {
  readonly inbox: string;
  readonly queue: number;
  readonly fingerprint?: Fingerprint;
  readonly register?: boolean;
  readonly maxSize?: number;
  readonly confirm?: boolean;
}

const MAX_QUEUE = 64;

/** `upd client`: the chat on a terminal or a pipe. */
export function addClientCommand(program: Command): void {
  const command = program
    .command('client')
    .description('log in to a chat server, read and post messages, send and receive files')
    .argument('<server_IP>', 'address of the chat server')
    .argument('<server_port>', 'its TCP port', integerOf('A port', 1, 65_535))
    .argument(
      '<client_udp_server_port>',
      'UDP port for incoming files; 0 takes a free one',
      integerOf('A port', 0, 65_535),
    )
    .option('--inbox <folder>', 'where received files are stored', '.')
    .option('--queue <count>', 'files sent at once', integerOf('A count', 1, MAX_QUEUE), 4)
    .option('--register', 'make a new user')
    .option(
      '--fingerprint <key>',
      "what the server's key must be, as the server shows it at its start",
      fingerprintOf,
    )
    .option('--confirm', 'receive nothing before YES was typed')
    .option(
      '--max-size <bytes>',
      'refuse larger files',
      integerOf('A size', 0, Number.MAX_SAFE_INTEGER),
    );
  addCommonFlags(command)
    .allowExcessArguments(false)
    .addHelpText(
      'before',
      `Examples:
  upd client 127.0.0.1 8000 6000 --inbox ./received
  upd client 127.0.0.1 8000 0 --register  makes a new user first
`,
    )
    .action(async (host: string, port: number, udpPort: number, flags: ClientFlags) => {
      process.exitCode = await runClient(host, port, udpPort, flags);
    });
}

async function runClient(
  serverHost: string,
  serverPort: number,
  udpPort: number,
  flags: ClientFlags,
): Promise<number> {
  const output = new CommandOutput('client', flags);
  const contradiction = contradictionIn(flags);
  if (contradiction !== undefined) return output.usage(contradiction);
  let receipts: Receipts;
  try {
    if (statSync(flags.inbox, { throwIfNoEntry: false })?.isDirectory() !== true) {
      const reason = `the inbox ${flags.inbox} is not a folder; make it first`;
      throw new TransferError('local-file', reason);
    }
    receipts = new Receipts(flags.receipt);
  } catch (error) {
    return output.failure(asError(error), exitCodes.localFile);
  }
  return runOnConsole({
    serverHost,
    serverPort,
    udpPort,
    inbox: flags.inbox,
    queue: flags.queue,
    stateDir: ownStateFolder(),
    fingerprint: flags.fingerprint,
    isNewUser: flags.register === true,
    isConfirming: flags.confirm === true,
    isQuiet: flags.quiet === true,
    isProgressShown: flags.progress,
    receipts,
    isJson: flags.json === true,
    ...(flags.maxSize === undefined ? {} : { maxSizeBytes: flags.maxSize }),
    engine: engineOptionsOf(flags),
  });
}

export interface OnConsoleOptions extends Omit<ChatClientOptions, 'console' | 'onEvent'> {
  /** Every line of stdout is an event. */
  readonly isJson?: boolean;
}

/** A client on this process's streams and signals; resolves with the exit code. */
export async function runOnConsole({ isJson, ...options }: OnConsoleOptions): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const stopping = new Stopping();
  // A keyboard echoes by itself unless it is read key by key, wherever the output goes.
  const terminal = stdin.isTTY
    ? new TerminalConsole(
        { input: stdin, output: stdout, errors: stderr },
        {
          onInterrupt: stopping.interrupt,
          stop: stopGroup,
          history: new InputHistory(join(options.stateDir, 'history')),
        },
      )
    : undefined;
  const inner = terminal ?? new PipeConsole(stdin, stdout, stderr);
  if (terminal !== undefined) process.on('SIGCONT', terminal.continued);
  const bars = terminal?.bars && new ProgressBars(terminal.bars);
  const json = isJson === true ? new JsonConsole(inner) : undefined;
  const console = json ?? inner;
  const client = new ChatClient({
    ...options,
    console,
    bars,
    ...(json && { onEvent: json.event }),
  });
  stopping.onStop((exitCode) => {
    client.stop(exitCode === clientExitCodes.interrupted ? 'interrupted' : 'terminated');
  });
  try {
    const old = await oldPartialsLine(options.inbox);
    if (old !== undefined && options.isQuiet !== true) console.warn(old);
    return await client.run();
  } finally {
    stopping.end();
    if (terminal !== undefined) process.off('SIGCONT', terminal.continued);
    inner.close();
    stdin.destroy();
  }
}

/** What Ctrl-Z does where the terminal itself sends the signal: also to those in front and behind of this one. */
function stopGroup(): void {
  process.kill(0, 'SIGTSTP');
}

function fingerprintOf(text: string): Fingerprint {
  const fingerprint = parseFingerprint(text);
  if (fingerprint === undefined) {
    throw new InvalidArgumentError('A fingerprint is SHA256: and 43 letters, digits, + or /.');
  }
  return fingerprint;
}
