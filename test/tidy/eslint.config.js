import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const fromCaller = 'The core does no I/O: time, randomness and bytes come from the caller.';
const ban = (name) => ({ name, message: fromCaller });
const bannedGlobals = [
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'process',
  'console',
  'Buffer',
  'crypto',
];

const standardStream = '/^(stdout|stderr)$/';
const unsafeOutput = [
  {
    selector: `MemberExpression[property.name=/^(write|end)$/]:matches([object.name=${standardStream}], [object.property.name=${standardStream}])`,
    message: 'Strings of other people may hold control sequences: use printLine or a console.',
  },
  {
    selector: 'TSAsExpression > TSTypeReference > Identifier[name="SafeText"]',
    message: 'Only safeText and safeLine make text safe.',
  },
];

export default defineConfig(
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: process.cwd() },
    },
    rules: {
      // Typed-array reads under noUncheckedIndexedAccess.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  { files: ['examples/**/*.mjs'], extends: [tseslint.configs.strict] },
  {
    // What a terminal shows passes through SafeText. Its two makers are the ones that may break this.
    files: ['src/**/*.ts'],
    ignores: ['src/cli/terminal/output-lines.ts', 'src/text/safe-text.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...unsafeOutput],
    },
  },
  {
    files: ['src/*/core/**/*.ts'],
    ignores: ['src/transfer/core/wire/checksum.ts'], // node:zlib's crc32 is a pure function
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['node:*', '!node:assert', '**/io/**'], message: fromCaller }] },
      ],
      'no-restricted-globals': ['error', ...bannedGlobals.map(ban)],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: fromCaller },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: '[async=true]', message: 'The core runs to completion.' },
        ...unsafeOutput,
      ],
    },
  },
);
