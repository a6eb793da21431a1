/** What an opener has sent since it began, over all addresses; nothing of it was answered. */
export interface OpeningSent {
  readonly startedAtUs: number;
  readonly openCount: number;
  readonly scoutCount: number;
}

/** What came under an introduction, with the tag of its holder, and how often that was answered. */
export interface OpeningSeen {
  readonly openCount: number;
  readonly scoutCount: number;
  readonly answerCount: number;
}

/**
 * What the two sides of an opening compare when it does not come about. A side has half of it: who opens,
 * or who expects.
 */
export interface OpeningNotes {
  /** Undefined when nothing waits for an answer here. */
  readonly sent: OpeningSent | undefined;
  /** Undefined when the introduction is not expected here, or not any more. */
  readonly seen: OpeningSeen | undefined;
}
