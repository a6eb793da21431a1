import type { Command } from 'commander';
import { type DoctorTarget, doctorTarget } from '../doctor/doctor-target.ts';
import { exitCodeOfFindings, type Finding, linesOf, reportOf } from '../doctor/finding.ts';
import { judgeLocal } from '../doctor/judge-local.ts';
import { judgeServer } from '../doctor/judge-server.ts';
import { judgeTicket } from '../doctor/judge-ticket.ts';
import { readLocalFacts } from '../doctor/read-local.ts';
import { readServerFacts, readTicketFacts } from '../doctor/read-remote.ts';
import { exitCodes } from '../report/exit-codes.ts';
import { asError } from '../report/transfer-failure.ts';
import { jsonLine } from '../text/json-line.ts';
import { CommandOutput } from './command-output.ts';
import { namedWord } from './named-ticket.ts';
import { ownStateFolder } from './state-folder.ts';
import { printLine } from './terminal/output-lines.ts';

interface DoctorFlags {
  readonly dir: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `upd doctor`: what would make transfers slow or impossible here, and what to do about it. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('look for what makes transfers slow or impossible, and say what to do about it')
    .argument('[target]', 'a ticket, or @FILE with it; or HOST:PORT of a chat server')
    .option('--dir <folder>', 'where files are to be received', '.')
    .option('--json', 'one line of JSON on stdout (docs/doctor.schema.json)')
    .option('--quiet', 'only notes and problems')
    .allowExcessArguments(false)
    .addHelpText(
      'before',
      `Examples:
  upd doctor                 this machine: buffers, MTU, clock, disk
  upd doctor --dir inbox     and the disk of that folder
  upd doctor upd1…           does the receiver of that ticket answer? If not:
                             why, and what opens the way (bench-upd1… too)
  upd doctor 192.0.2.7:8000  is a chat server there, with the key that it had?
                             (does a user of it answer? DOC USER, in upd client)
`,
    )
    .action(async (target: string | undefined, flags: DoctorFlags) => {
      await runDoctor(target, flags);
    });
}

async function runDoctor(named: string | undefined, flags: DoctorFlags): Promise<void> {
  const output = new CommandOutput('doctor', { ...flags, progress: false });
  let target: DoctorTarget | undefined;
  if (named !== undefined) {
    let word: string;
    try {
      word = namedWord(named);
    } catch (error) {
      process.exitCode = output.failure(asError(error), exitCodes.localFile);
      return;
    }
    const found = doctorTarget(word);
    if (typeof found === 'string') {
      process.exitCode = output.usage(found);
      return;
    }
    target = found;
  }
  const findings: Finding[] = [];
  const take = (found: readonly Finding[]): void => {
    findings.push(...found);
    for (const finding of found) tell(output, finding);
  };
  const facts = await readLocalFacts(flags.dir);
  take(judgeLocal(facts));
  if (target !== undefined) take(await judgeTarget(target));
  if (output.isJson) printLine(jsonLine(reportOf(findings, Date.now())));
  process.exitCode = exitCodeOfFindings(findings);
  // A thread that waits for a disk which does not answer would keep the process.
  if (facts.disk.isStuck) process.exit();
}

async function judgeTarget(target: DoctorTarget): Promise<Finding[]> {
  if (target.kind === 'ticket') {
    return judgeTicket(await readTicketFacts(target.ticket, target.listener));
  }
  const { host, port } = target;
  const stateDir = ownStateFolder();
  return judgeServer(await readServerFacts(host, port, stateDir));
}

function tell(output: CommandOutput, finding: Finding): void {
  if (output.isQuiet && finding.verdict === 'ok') return;
  for (const line of linesOf(finding)) output.result(line);
}
