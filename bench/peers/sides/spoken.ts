/** What a side tells the bench, one line of JSON each. */
export function say(times: { readonly t_start: number } | { readonly t_end: number }): void {
  console.log(JSON.stringify(times));
}

/** The machine's monotonic clock, which all processes share. */
export function nowNs(): number {
  return Number(process.hrtime.bigint());
}
