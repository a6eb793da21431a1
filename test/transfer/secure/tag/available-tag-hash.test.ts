import { expect, test, vi } from 'vitest';
import { availableTagHash } from '../../../../src/transfer/secure/tag/available-tag-hash.ts';
import { PlainTagHash } from '../../../../src/transfer/secure/tag/plain-tag-hash.ts';

test('a thread without WebAssembly tags without it, and goes on so', () => {
  vi.stubGlobal('WebAssembly', undefined);
  const hash = availableTagHash();
  vi.unstubAllGlobals();
  expect(hash).toBeInstanceOf(PlainTagHash);
  expect(availableTagHash()).toBe(hash);
});
