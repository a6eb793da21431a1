/** A date and time of day as a wall clock shows them. Nothing says in which zone. */
export interface CivilTime {
  readonly year: number;
  /** 1–12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** An instant, cut to the second, with the text that people see and type for it. */
export interface Stamp {
  /** Seconds since 1970 in UTC: these compare, also across a change of daylight saving time. */
  readonly atSecond: number;
  /** `DD Mon YYYY HH:MM:SS`, local. */
  readonly text: string;
}

/** The wall clock and the time zone, handed in. */
export interface WallClock {
  now(): Stamp;
  /** Seconds since 1970 of a local time; of two (clocks set back) the earlier. */
  secondOf(time: CivilTime): number;
}

/** English whatever the locale: scripts read them. */
const monthNames = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const timePattern = /^(\d\d) ([A-Z][a-z][a-z]) (\d{4}) (\d\d):(\d\d):(\d\d)$/;

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

function daysInMonth(year: number, month: number): number {
  const isLeapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  if (month === 2) return isLeapYear ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** `25 Apr 2021 05:26:30`. */
export function formatTime(time: CivilTime): string {
  const date = `${twoDigits(time.day)} ${monthNames[time.month - 1]!} ${String(time.year).padStart(4, '0')}`;
  return `${date} ${twoDigits(time.hour)}:${twoDigits(time.minute)}:${twoDigits(time.second)}`;
}

/** The exact form of `formatTime` and no other; undefined also for 30 Feb or 24:00:00. */
export function parseTime(text: string): CivilTime | undefined {
  const match = timePattern.exec(text);
  if (!match) return undefined;
  const month = monthNames.indexOf(match[2]!) + 1;
  const [day, year, hour, minute, second] = [1, 3, 4, 5, 6].map((group) => Number(match[group]));
  const time = { year: year!, month, day: day!, hour: hour!, minute: minute!, second: second! };
  if (month === 0 || time.day < 1 || time.day > daysInMonth(time.year, month)) return undefined;
  if (time.hour > 23 || time.minute > 59 || time.second > 59) return undefined;
  return time;
}
