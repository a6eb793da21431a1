import type { OpeningComparer } from '../../src/chat/opening-comparer.ts';

/** For tests in which nobody asks why there is no answer. */
export const noComparer: Pick<OpeningComparer, 'watch'> = {
  watch: () => ({ findings: () => [], end: () => undefined }),
};
