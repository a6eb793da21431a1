import { safeText, type SafeText } from './safe-text.ts';

/** What is no printable ASCII: it stands in a string of JSON, where an escape means the same. */
const otherPattern = /[^\x20-\x7e]/g;

/** One line of JSON that is safe to show and says exactly what `value` says. */
export function jsonLine(value: unknown): SafeText {
  const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return safeText(JSON.stringify(value).replace(otherPattern, escape));
}
