import { isIP } from 'node:net';
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

/** Of `--host`: the name of a host may stand for several addresses, of which a ticket shall tell. */
export function addressOf(text: string): string {
  if (isIP(text) === 0) {
    throw new InvalidArgumentError(
      'An address of this machine is wanted, not a name: as 192.168.1.7; 0.0.0.0 is all.',
    );
  }
  return text;
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

const MAX_SIZE_BYTES = 1e12;

/** `64M`, `500k` or a plain number: bytes, in decimal units. */
export function sizeOf(text: string): number {
  const [, digits, unit] = /^(\d{1,13}(?:\.\d{1,3})?)([kmg]?)$/i.exec(text) ?? [];
  const value = Math.round(Number(digits) * (rateUnits[unit?.toLowerCase() ?? ''] ?? NaN));
  if (!(value >= 1 && value <= MAX_SIZE_BYTES)) {
    throw new InvalidArgumentError('A size is bytes, as 64M or 500k, from 1 to 1000G.');
  }
  return value;
}

/** As `rateOf`, or in bits as the makers of networks count: `100mbit`. */
export function linkRateOf(text: string): number {
  const [, bits, unit] = /^(\d{1,7}(?:\.\d{1,3})?)([kmg])bit$/i.exec(text) ?? [];
  if (bits === undefined) return rateOf(text);
  return rateOf(String(Math.round((Number(bits) * rateUnits[unit!.toLowerCase()]!) / 8)));
}

const MAX_RTT_MS = 10_000;

/** `80`, `80ms` or `0.5ms`: milliseconds. */
export function rttOf(text: string): number {
  const [, digits] = /^(\d{1,5}(?:\.\d{1,3})?)(?:ms)?$/.exec(text) ?? [];
  const value = Number(digits);
  if (!(value <= MAX_RTT_MS)) {
    throw new InvalidArgumentError('A round trip is milliseconds, as 80 or 80ms, to 10000.');
  }
  return value;
}

/** What comes through of more loss than this is too little to measure anything by. */
const MAX_LOSS_PERCENT = 50;

/** `3`, `3%` or `0.1%`, as a share from 0 to 1. */
export function lossOf(text: string): number {
  const [, digits] = /^(\d{1,2}(?:\.\d{1,4})?)%?$/.exec(text) ?? [];
  const value = Number(digits);
  if (!(value <= MAX_LOSS_PERCENT)) {
    throw new InvalidArgumentError('A loss is a percentage, as 3 or 0.1%, from 0 to 50.');
  }
  return value / 100;
}

/** What fits every path's base packet (1,200 bytes over IPv4), and what an IP packet can be. */
const MIN_MTU_BYTES = 1_228;
const MAX_MTU_BYTES = 65_535;

/** An IP packet's size, or undefined for `auto`. */
export function mtuOf(text: string): number | undefined {
  if (text === 'auto') return undefined;
  return integerOf('An MTU other than auto', MIN_MTU_BYTES, MAX_MTU_BYTES)(text);
}
