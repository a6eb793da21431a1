import { InvalidArgumentError } from 'commander';

/** A parser of integers for commander. `what` begins the sentence that names the range. */
export function integerOf(what: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,16}$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`${what} is an integer from ${min} to ${max}.`);
    }
    return value;
  };
}

const rateUnits: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };
/** Below this a single packet would take longer than a second. */
const MIN_RATE_BYTES_PER_SEC = 2_000;
const MAX_RATE_BYTES_PER_SEC = 1e12;

/** `500k`, `10M`, `1.5G` or a plain number: bytes per second, in decimal units. */
export function rateOf(text: string): number {
  const [, digits, unit] = /^(\d{1,13}(?:\.\d{1,3})?)([kmg]?)$/i.exec(text) ?? [];
  const value = Math.round(Number(digits) * (rateUnits[unit?.toLowerCase() ?? ''] ?? NaN));
  if (!(value >= MIN_RATE_BYTES_PER_SEC && value <= MAX_RATE_BYTES_PER_SEC)) {
    throw new InvalidArgumentError('A rate is bytes per second, as 500k or 10M, from 2k to 1000G.');
  }
  return value;
}

/** What fits every path's base packet (1,200 bytes over IPv4), and what an IP packet can be. */
const MIN_MTU_BYTES = 1_228;
const MAX_MTU_BYTES = 65_535;

/** An IP packet's size, or undefined for `auto`. */
export function mtuOf(text: string): number | undefined {
  if (text === 'auto') return undefined;
  return integerOf('An MTU other than auto', MIN_MTU_BYTES, MAX_MTU_BYTES)(text);
}
