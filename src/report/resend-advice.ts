import { safeLine, type SafeText, safeText } from '../text/safe-text.ts';

/** More than these are not named: their lines stand above. */
export const MAX_NAMED_PATHS = 20;
/** Characters of a ticket that stand for all of it, which is a secret. */
const SHOWN_TICKET_CHARACTERS = 8;

/**
 * The command that sends only what is missing after a part was delivered.
 * @param missing of `paths`; undefined when that cannot be told
 * @param to as it was given to `--to`; undefined when the environment has the ticket
 */
export function resendAdvice(
  paths: readonly string[],
  missing: readonly string[] | undefined,
  to: string | undefined,
): SafeText {
  if (missing === undefined || missing.length > MAX_NAMED_PATHS) return BY_THE_LINES_ABOVE;
  if (missing.length === paths.length) return THE_SAME;
  const shownTo = to?.startsWith('@') === false ? `${to.slice(0, SHOWN_TICKET_CHARACTERS)}…` : to;
  const words = ['upd', 'send', ...missing.map(quoted)];
  if (shownTo !== undefined) words.push('--to', quoted(shownTo));
  return safeLine`Once its cause is gone, this sends only what is missing: ${words.join(' ')}`;
}

const THE_SAME = safeText('Once its cause is gone, the same command sends only what is missing.');
const BY_THE_LINES_ABOVE = safeText(
  'Once its cause is gone, send only the paths of the lines above again: of a folder only what is missing goes.',
);

/** One word for a shell; between double quotes where it can be, which Windows knows too. */
function quoted(word: string): string {
  if (/^[\p{L}\p{N}@%+=:,./…_-]+$/u.test(word)) return word;
  return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", String.raw`'\''`)}'` : `"${word}"`;
}
