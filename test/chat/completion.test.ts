import { expect, test } from 'vitest';
import { completionOf } from '../../src/chat/core/completion.ts';

const USERS = ['jess', 'jim', 'derek', 'evil\u001b[2J', 'j'.repeat(33)];

test.each([
  ['u', ['UPD '], 'u'],
  ['  UP', ['UPD '], 'UP'],
  [
    '',
    [
      'MSG ',
      'DLT ',
      'EDT ',
      'RDM ',
      'ATU ',
      'DM ',
      'UPD ',
      'DOC ',
      'XFR ',
      'CAN ',
      'YES ',
      'NO ',
      'RST ',
      'TRUST ',
      'HLP ',
      'OUT ',
    ],
    '',
  ],
  ['z', [], 'z'],
  ['/M', ['/msg '], '/M'],
  ['/t', ['/transfers ', '/trust '], '/t'],
  ['/send j', ['jess ', 'jim '], 'j'],
  ['/msg j', [], 'j'],
  ['UPD ', ['jess ', 'jim ', 'derek '], ''],
  ['upd J', ['jess ', 'jim '], 'J'],
  ['dm j', ['jess ', 'jim '], 'j'],
  ['TRUST d', ['derek '], 'd'],
  ['/doctor d', ['derek '], 'd'],
  ['CAN j', [], 'j'],
  ['UPD evil', [], 'evil'],
  ['UPD jess j', [], 'j'],
  ['MSG je', [], 'je'],
])('%j may go on with %j', (line, words, typed) => {
  expect(completionOf(line, USERS)).toEqual({ words, typed });
});
