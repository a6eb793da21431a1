import type { TransferErrorCode, TransferResult } from '../transfer/index.ts';

/** PRODUCT §5: never reused. */
export const exitCodes = {
  delivered: 0,
  internal: 1,
  usage: 2,
  localFile: 3,
  refused: 4,
  login: 5,
  unanswered: 6,
  lost: 7,
  integrity: 8,
  noSpace: 9,
  version: 10,
  exists: 11,
  partly: 23,
  interrupted: 130,
  terminated: 143,
} as const;

const codeOfError: Readonly<Record<TransferErrorCode, number>> = {
  'local-file': exitCodes.localFile,
  refused: exitCodes.refused,
  unanswered: exitCodes.unanswered,
  lost: exitCodes.lost,
  stalled: exitCodes.lost,
  // By the other side: this side's signals have codes of their own.
  cancelled: exitCodes.refused,
  'source-changed': exitCodes.localFile,
  integrity: exitCodes.integrity,
  'no-space': exitCodes.noSpace,
  version: exitCodes.version,
  exists: exitCodes.exists,
  protocol: exitCodes.integrity,
  internal: exitCodes.internal,
};

/** Why nothing was delivered, as an exit code. */
export function exitCodeOfError(code: TransferErrorCode): number {
  return codeOfError[code];
}

/** Something was delivered. */
export function exitCodeOfResult({ failedCount }: TransferResult): number {
  return failedCount > 0 ? exitCodes.partly : exitCodes.delivered;
}
