import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'vitest';
import { exitCodeOfError, exitCodes } from '../../src/report/exit-codes.ts';
import type { TransferErrorCode } from '../../src/transfer/index.ts';
import type { Receiver } from './ticket-processes.ts';
import type { UpdProcess } from './upd-process.ts';

/** One row of docs/failures.md. */
interface Row {
  readonly sender: string;
  readonly senderExit: string;
  readonly receiver: string;
  readonly receiverExit: string;
  readonly inbox: string;
}

const text = readFileSync(resolve(import.meta.dirname, '../../docs/failures.md'), 'utf8');

/** By situation. */
export const rows: ReadonlyMap<string, Row> = new Map(
  text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => {
      const cells = line.split('|').map((cell) => cell.trim());
      const [, situation, sender, senderExit, receiver, receiverExit, inbox] = cells;
      return [situation!, { sender, senderExit, receiver, receiverExit, inbox } as Row];
    }),
);

/** Situations that were made to happen. */
export const seen: Set<string> = new Set();

/** The sender of a situation runs with this: what fails is told by an event too. */
export function flagsOf(situation: string): readonly string[] {
  return /^(0|-)$/.test(rows.get(situation)!.senderExit) ? [] : ['--json'];
}

export interface Happened {
  readonly name: string;
  /** As it is shown, if not as it is. */
  readonly shownName?: string;
  readonly path: string;
  /** Runs with `flagsOf` its situation. */
  readonly sender: UpdProcess;
  /** Runs with `--json`. */
  readonly receiver: Receiver;
}

/** Checks what both sides say of one transfer, their codes and the inbox against the row. */
export async function expectRow(situation: string, happened: Happened): Promise<void> {
  const { name, shownName = name, path, sender, receiver } = happened;
  const row = rows.get(situation);
  if (row === undefined) throw new Error(`docs/failures.md has no row "${situation}"`);
  seen.add(situation);
  const where = `${situation}: ${[...sender.out, ...sender.errors].join('\n')}`;
  if (row.senderExit !== '-') {
    expect([await sender.exit, where]).toEqual([Number(row.senderExit), where]);
    expect([...sender.out, ...sender.errors].join('\n')).toMatch(
      patternOf(row.sender, shownName, literal(path)),
    );
  }
  if (flagsOf(situation).length > 0) {
    expectError(situation, sender.out.at(-1)!, row.senderExit);
    const { message } = JSON.parse(sender.out.at(-1)!) as { message: string };
    expect(
      `NAME could not be delivered to PEER: ${message}${/[.!?]$/.test(message) ? '' : '.'}`,
    ).toMatch(patternOf(row.sender, 'NAME', literal(path)));
  }
  const inboxPath = '.+';
  const pattern = patternOf(row.receiver, shownName, inboxPath);
  if (row.receiver === '-') {
    expect(receiver.errors.join('\n')).not.toContain(shownName);
  } else {
    const beginning = row.receiver.startsWith('Received')
      ? `Received ${shownName}`
      : 'not received';
    expect(await receiver.warned(beginning)).toMatch(pattern);
  }
  if (row.receiverExit !== '-') {
    expectError(situation, await receiver.see('"t":"error"'), row.receiverExit);
  }
  await expect
    .poll(() => inboxOf(receiver.dir, name))
    .toEqual(
      {
        nothing: [],
        old: [name],
        file: [name],
        both: [name, `${name} (1)`].sort(),
        partial: [`${name}.part`, `${name}.part.state`],
        gone: undefined,
      }[row.inbox],
    );
}

/** The code of an event, its exit code and that of the table are one; of a signal the event has another reason. */
function expectError(situation: string, line: string, exit: string): void {
  const event = JSON.parse(line) as { t: string; code: TransferErrorCode; exit: number };
  expect([situation, event.t, event.exit]).toEqual([situation, 'error', Number(exit)]);
  const isSignal = event.exit === exitCodes.interrupted || event.exit === exitCodes.terminated;
  expect([situation, event.code]).toEqual([situation, isSignal ? 'cancelled' : event.code]);
  if (!isSignal) expect([situation, exitCodeOfError(event.code)]).toEqual([situation, event.exit]);
}

function inboxOf(dir: string, name: string): string[] | undefined {
  try {
    return readdirSync(dir)
      .filter((found) => found.startsWith(name))
      .sort();
  } catch {
    return undefined;
  }
}

function literal(part: string): string {
  return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function patternOf(cell: string, name: string, path: string): RegExp {
  const source = literal(cell.replaceAll('`', ''))
    .replace(/\bNAME\b/g, literal(name))
    .replace(/\bPEER\b/g, '\\S+')
    .replace(/\bPATH\b/g, path)
    .replace(/\b(MEASURES|SIZE)\b/g, '.+')
    .replace(/\bTIME\b/g, '[\\d.:]+ \\w+')
    .replace(/\bN\b/g, '\\d+');
  return new RegExp(`^${source}$`, 'm');
}
