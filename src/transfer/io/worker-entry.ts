/**
 * The entry of a thread, by its name without an ending: the compiled file beside the one at `besideUrl`
 * (default: this) where that is compiled, else the source, which some Nodes run.
 */
export function workerEntryUrl(name: string, besideUrl: string = import.meta.url): URL {
  if (!besideUrl.endsWith('.ts')) return new URL(`./${name}.js`, besideUrl);
  const stripsTypes = (process.features as { readonly typescript?: unknown }).typescript;
  return new URL(stripsTypes ? `./${name}.ts` : `./${name}-source.mjs`, besideUrl);
}
