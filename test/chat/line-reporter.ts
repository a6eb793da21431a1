import { ChatOutput } from '../../src/chat/chat-output.ts';
import { Receipts } from '../../src/report/receipt.ts';
import { TransferReporter } from '../../src/report/transfer-reporter.ts';

/** What the chat client tells of transfers, as lines that a test keeps. */
export function lineReporter(
  print: (line: string) => void,
  warn: (line: string) => void = () => undefined,
): TransferReporter {
  const console = { isTerminal: false, ask: () => Promise.resolve(undefined), print, warn };
  const sink = new ChatOutput({ console });
  return new TransferReporter({ sink, receipts: new Receipts(undefined), isShown: true });
}
