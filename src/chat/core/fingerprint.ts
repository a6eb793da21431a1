/** 43 digits of base64 without padding: 32 bytes. */
const digestPattern = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]$/;
const PREFIX = 'SHA256:';

/** `SHA256:` and the digest of a public key in base64 without padding, as ssh shows keys. */
export type Fingerprint = `SHA256:${string}`;

/** The fingerprint that somebody typed or that a file holds; the prefix and padding may be missing. */
export function parseFingerprint(text: string): Fingerprint | undefined {
  const digest = (text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text).replace(/=$/, '');
  return digestPattern.test(digest) ? `SHA256:${digest}` : undefined;
}
