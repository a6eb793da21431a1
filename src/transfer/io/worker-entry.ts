/**
 * The entry of a thread, by its name without an ending: the compiled file beside this one where this is
 * compiled, else the source, which some Nodes run.
 */
export function workerEntryUrl(name: string): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL(`./${name}.js`, import.meta.url);
  const stripsTypes = (process.features as { readonly typescript?: unknown }).typescript;
  return new URL(stripsTypes ? `./${name}.ts` : `./${name}-source.mjs`, import.meta.url);
}
