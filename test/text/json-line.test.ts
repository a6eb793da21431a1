import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonLine } from '../../src/text/json-line.ts';

test('a line of JSON is printable ASCII and says exactly what it was given', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
      const line = jsonLine({ value, text });
      expect(line).toMatch(/^[\x20-\x7e]*$/);
      expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify({ value, text })));
    }),
  );
});
