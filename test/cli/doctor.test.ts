import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { UpdProcess } from './upd-process.ts';

const schemaPath = resolve(import.meta.dirname, '../../docs/doctor.schema.json');
const validate = new Ajv({ allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(schemaPath, 'utf8')) as object,
);

test('doctor prints one line by its schema, whose exit code it has; what is no target is usage', async () => {
  const missing = join(temporaryFolder(), 'missing');
  const local = new UpdProcess(['doctor', '--json', '--dir', missing]);
  const nobody = new UpdProcess(['doctor', 'jess']);
  expect(await local.exit).toBe(3);
  expect(local.out).toHaveLength(1);
  const report = JSON.parse(local.out[0]!) as { exit: number };
  expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
  expect(report.exit).toBe(3);
  expect(await nobody.exit).toBe(2);
  expect(nobody.errors.join('\n')).toContain('neither a ticket nor HOST:PORT');
  expect(nobody.out).toEqual([]);
});
