/**
 * The entry of a thread, by its name without an ending, beside the module at `besideUrl`: the compiled file
 * where that is compiled, else the source, which some Nodes run.
 */
export function workerEntryUrl(name: string, besideUrl: string): URL {
  if (!besideUrl.endsWith('.ts')) return new URL(`./${name}.js`, besideUrl);
  const stripsTypes = (process.features as { readonly typescript?: unknown }).typescript;
  return new URL(stripsTypes ? `./${name}.ts` : `./${name}-source.mjs`, besideUrl);
}
