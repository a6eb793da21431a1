import { safeLine, type SafeText } from '../text/safe-text.ts';

/** `ok`: as it should be; `note`: works, but slower or less safe; `problem`: something will fail. */
export type Verdict = 'ok' | 'note' | 'problem';

/** What is looked at, in the order of the report. */
export type CheckName =
  'node' | 'cpu' | 'clock' | 'buffers' | 'mtu' | 'disk' | 'ticket' | 'server' | 'key' | 'udp';

/** What scripts may want of a check; units stand last in the names. */
export type FindingFacts = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

/** One line of the report: what was found, what it means, and what to do about it. */
export interface Finding {
  readonly check: CheckName;
  readonly verdict: Verdict;
  /** A clause without its full stop. */
  readonly text: SafeText;
  /** What to do, one command or step each; none where all is well. */
  readonly next: readonly SafeText[];
  /** PRODUCT's code of what will fail; 0 unless it is a problem. */
  readonly exitCode: number;
  readonly facts: FindingFacts;
}

export function ok(check: CheckName, text: SafeText, facts: FindingFacts = {}): Finding {
  return { check, verdict: 'ok', text, next: [], exitCode: 0, facts };
}

export function note(
  check: CheckName,
  text: SafeText,
  next: readonly SafeText[],
  facts: FindingFacts = {},
): Finding {
  return { check, verdict: 'note', text, next, exitCode: 0, facts };
}

/** `exitCode` is not 0. */
export function problem(
  check: CheckName,
  exitCode: number,
  text: SafeText,
  next: readonly SafeText[],
  facts: FindingFacts = {},
): Finding {
  return { check, verdict: 'problem', text, next, exitCode, facts };
}

/** That of the first problem; 0 without one. */
export function exitCodeOfFindings(findings: readonly Finding[]): number {
  return findings.find(({ exitCode }) => exitCode !== 0)?.exitCode ?? 0;
}

const VERDICT_COLUMNS = 'problem'.length;
const CHECK_COLUMNS = 'buffers'.length;

/** As a person reads it: a line, and one for each next step. */
export function linesOf({ check, verdict, text, next }: Finding): SafeText[] {
  const head = `${verdict.padEnd(VERDICT_COLUMNS)}  ${check.padEnd(CHECK_COLUMNS)}  `;
  const indent = ' '.repeat(head.length);
  return [safeLine`${head}${text}`, ...next.map((step) => safeLine`${indent}→ ${step}`)];
}

/** Version of `DoctorReport`. */
const REPORT_VERSION = 1;

/** What `upd doctor --json` prints (docs/doctor.schema.json). */
export interface DoctorReport {
  readonly v: typeof REPORT_VERSION;
  readonly t: 'doctor';
  /** Milliseconds since 1970. */
  readonly ms: number;
  readonly exit: number;
  readonly findings: readonly Omit<Finding, 'exitCode'>[];
}

export function reportOf(findings: readonly Finding[], nowMs: number): DoctorReport {
  return {
    v: REPORT_VERSION,
    t: 'doctor',
    ms: nowMs,
    exit: exitCodeOfFindings(findings),
    findings: findings.map(({ check, verdict, text, next, facts }) => {
      return { check, verdict, text, next, facts };
    }),
  };
}
