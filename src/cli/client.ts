import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  ChatClient,
  type ChatClientOptions,
  clientExitCodes,
  type Fingerprint,
  parseFingerprint,
} from '../chat/client.ts';
import { stateFolder } from './state-folder.ts';
import { PipeConsole } from './terminal/pipe-console.ts';
import { safeLine } from '../text/safe-text.ts';
import { printErrorLine } from './terminal/output-lines.ts';
import { TerminalConsole } from './terminal/terminal-console.ts';
import type { CongestionName } from '../transfer/index.ts';

interface ClientFlags {
  readonly inbox: string;
  readonly queue: number;
  readonly fingerprint?: Fingerprint;
  readonly register?: boolean;
  readonly maxSize?: number;
  readonly window?: number;
  readonly congestion?: CongestionName;
  readonly giveUp?: number;
}

const USAGE_EXIT_CODE = 2;
const LOCAL_FILE_EXIT_CODE = 3;
/** Packets in flight that a fixed window may have: a connection's sent ring holds more. */
const MAX_WINDOW_PACKETS = 16_384;
const MAX_QUEUE = 64;
const MAX_GIVE_UP_SECONDS = 86_400;

/** `upd client`: the chat on a terminal or a pipe. */
export function addClientCommand(program: Command): void {
  program
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
    .option(
      '--max-size <bytes>',
      'refuse larger files',
      integerOf('A size', 0, Number.MAX_SAFE_INTEGER),
    )
    .option(
      '--window <packets>',
      'fixed window in packets; 1 is stop-and-wait',
      integerOf('A window', 1, MAX_WINDOW_PACKETS),
    )
    .addOption(
      new Option('--congestion <name>', 'congestion control (default: bbr)').choices([
        'bbr',
        'cubic',
        'ledbat',
        'fixed',
      ]),
    )
    .option(
      '--give-up <seconds>',
      'fail after this long without an answer (default: 300)',
      integerOf('A time', 1, MAX_GIVE_UP_SECONDS),
    )
    .allowExcessArguments(false)
    .addHelpText('before', 'Example:\n  upd client 127.0.0.1 8000 6000 --inbox ./received\n')
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
  const contradiction = contradictionIn(flags);
  if (contradiction !== undefined) {
    printErrorLine(safeLine`upd client: ${contradiction}`);
    return USAGE_EXIT_CODE;
  }
  if (statSync(flags.inbox, { throwIfNoEntry: false })?.isDirectory() !== true) {
    printErrorLine(safeLine`upd client: the inbox ${flags.inbox} is not a folder; make it first`);
    return LOCAL_FILE_EXIT_CODE;
  }
  return runOnConsole({
    serverHost,
    serverPort,
    udpPort,
    inbox: flags.inbox,
    queue: flags.queue,
    stateDir: stateFolder(process.env, process.platform, homedir()),
    fingerprint: flags.fingerprint,
    isNewUser: flags.register === true,
    ...(flags.maxSize === undefined ? {} : { maxSizeBytes: flags.maxSize }),
    ...(flags.window === undefined ? {} : { windowPackets: flags.window }),
    ...(congestionOf(flags) === undefined ? {} : { congestion: congestionOf(flags)! }),
    ...(flags.giveUp === undefined ? {} : { giveUpMs: flags.giveUp * 1000 }),
  });
}

/** A client on this process's streams and signals; resolves with the exit code. */
export async function runOnConsole(options: Omit<ChatClientOptions, 'console'>): Promise<number> {
  const { stdin, stdout, stderr } = process;
  let isStopping = false;
  /** The first signal leaves in order, the second one at once. */
  const stop = (why: 'interrupted' | 'terminated'): void => {
    if (isStopping) process.exit(clientExitCodes[why]);
    isStopping = true;
    client.stop(why);
  };
  const interrupt = (): void => {
    stop('interrupted');
  };
  const terminate = (): void => {
    stop('terminated');
  };
  // A keyboard echoes by itself unless it is read key by key, wherever the output goes.
  const console = stdin.isTTY
    ? new TerminalConsole({ input: stdin, output: stdout, errors: stderr }, interrupt)
    : new PipeConsole(stdin, stdout, stderr);
  const client = new ChatClient({ ...options, console });
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', terminate);
  try {
    return await client.run();
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', terminate);
    console.close();
    stdin.destroy();
  }
}

function congestionOf({ window, congestion }: ClientFlags): CongestionName | undefined {
  return congestion ?? (window === undefined ? undefined : 'fixed');
}

function contradictionIn(flags: ClientFlags): string | undefined {
  if (
    flags.congestion !== undefined &&
    flags.congestion !== 'fixed' &&
    flags.window !== undefined
  ) {
    return '--window N is a fixed window: it goes with --congestion fixed only';
  }
  if (flags.congestion === 'fixed' && flags.window === undefined) {
    return '--congestion fixed needs --window N';
  }
  return undefined;
}

function fingerprintOf(text: string): Fingerprint {
  const fingerprint = parseFingerprint(text);
  if (fingerprint === undefined) {
    throw new InvalidArgumentError('A fingerprint is SHA256: and 43 letters, digits, + or /.');
  }
  return fingerprint;
}

function integerOf(what: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,16}$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`${what} is an integer from ${min} to ${max}.`);
    }
    return value;
  };
}
