import { expect, test } from 'vitest';
import { completionOf } from '../../src/chat/core/completion.ts';

const USERS = ['jess', 'jim', 'derek', 'evil\u001b[2J', 'j'.repeat(33)];

test.each([
  ['u', ['UPD '], 'u'],
  ['  UP', ['UPD '], 'UP'],
  ['', ['MSG ', 'DLT ', 'EDT ', 'RDM ', 'ATU ', 'UPD ', 'RST ', 'HLP ', 'OUT '], ''],
  ['x', [], 'x'],
  ['UPD ', ['jess ', 'jim ', 'derek '], ''],
  ['upd J', ['jess ', 'jim '], 'J'],
  ['UPD evil', [], 'evil'],
  ['UPD jess j', [], 'j'],
  ['MSG je', [], 'je'],
])('%j may go on with %j', (line, words, typed) => {
  expect(completionOf(line, USERS)).toEqual({ words, typed });
});
