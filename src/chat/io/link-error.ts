/** The server cannot be reached, broke off, or speaks something else. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
}
