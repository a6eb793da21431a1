import type { MicroCase } from './micro-case.ts';
import { recoveryCases } from './recovery-cases.ts';
import { secureCases } from './secure-cases.ts';
import { wireCases } from './wire-cases.ts';

export const allCases: readonly MicroCase[] = [...wireCases, ...recoveryCases, ...secureCases];
