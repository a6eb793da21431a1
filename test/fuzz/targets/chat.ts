import assert from 'node:assert/strict';
import { clientFrameOf } from '../../../src/chat/core/client-frame.ts';
import { parseCommand } from '../../../src/chat/core/command.ts';
import { addUser, readCredentials, replacePassword } from '../../../src/chat/core/credentials.ts';
import { parseFingerprint } from '../../../src/chat/core/fingerprint.ts';
import { formatTime, parseTime } from '../../../src/chat/core/local-time.ts';
import { serverFrameOf } from '../../../src/chat/core/server-frame.ts';
import { parseStoredPassword, SCRYPT_COST } from '../../../src/chat/core/stored-password.ts';
import { type Decoded, encodeFrame, FrameDecoder } from '../../../src/chat/io/frame-decoder.ts';
import { safeText } from '../../../src/text/safe-text.ts';
import { type FuzzTarget, tokens } from '../target.ts';
import { clientFrames, frameWords, serverFrames } from './sample-frames.ts';

/** Short enough that inputs reach it; a real one is 64 KiB. */
const MAX_SHORT_FRAME_BYTES = 600;

/** All that a decoder makes of `input`, handed over in pieces of this length. */
function decoded(input: Uint8Array, pieceBytes: number): Decoded[] {
  const decoder = new FrameDecoder();
  const frames: Decoded[] = [];
  for (let at = 0; at < input.length; at += pieceBytes) {
    decoder.push(input.subarray(at, at + pieceBytes));
    for (;;) {
      const frame = decoder.next(MAX_SHORT_FRAME_BYTES);
      if (frame.state === 'more') break;
      frames.push(frame);
      if (frame.state === 'bad') return frames;
    }
    assert(decoder.bufferedBytes < MAX_SHORT_FRAME_BYTES, 'less than a frame waits for its end');
  }
  return frames;
}

/** Of a stream of lines, what each is to `frameOf`: a type, or none. */
function typesIn(input: Uint8Array, frameOf: (value: unknown) => { type: string } | undefined) {
  const frames = decoded(input, input.length);
  assert.deepEqual(decoded(input, 7), frames);
  return frames.map((frame) => {
    if (frame.state !== 'line') return frame.state;
    const known = frameOf(frame.value);
    if (known === undefined) return 'unknown';
    const again: unknown = JSON.parse(encodeFrame(known as { type: string; body: object }));
    assert(frameOf(again) !== undefined, 'a frame that was taken is taken again');
    return known.type;
  });
}

function outcomeOf(types: readonly string[]): string {
  return [...new Set(types)].sort().join();
}

const CREDENTIALS = [
  'jess jess-pw\nderek derek-pw\n',
  '\ufeffjess\tx\r\n\r\nDerek  y',
  `jess $scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'b'.repeat(43)}\n`,
];
const stored = parseStoredPassword('plain')!;

export const chatTargets: readonly FuzzTarget[] = [
  {
    name: 'client-frames',
    maxInputBytes: 1_500,
    seeds: () => tokens(...clientFrames.map(encodeFrame)),
    dictionary: tokens(...frameWords, '\n', '__proto__', 'constructor', 'toString'),
    run: (input) => outcomeOf(typesIn(input, clientFrameOf)),
  },
  {
    name: 'server-frames',
    maxInputBytes: 1_500,
    seeds: () => tokens(...serverFrames.map(encodeFrame)),
    dictionary: tokens(...frameWords, '\n', '__proto__', 'constructor', 'toString'),
    run: (input) => outcomeOf(typesIn(input, serverFrameOf)),
  },
  {
    name: 'credentials',
    maxInputBytes: 400,
    seeds: () => tokens(...CREDENTIALS),
    dictionary: tokens('\r\n', '\n', ' ', '\ufeff', '$scrypt$', 'ln=', ',r=', ',p=', '$argon2id$'),
    run(input) {
      const text = new TextDecoder().decode(input);
      const reading = readCredentials(text);
      if ('fault' in reading) {
        assert(reading.fault.line >= 1, 'lines count from 1');
        return reading.fault.reason.replace(/\d+/g, 'n');
      }
      for (const [name, old] of reading.users) {
        assert(addUser(text, name.toUpperCase(), stored) === undefined, 'a name is taken once');
        const changed = replacePassword(text, name, old, stored);
        assert(changed !== undefined, 'the password of a user can be replaced');
        const again = readCredentials(changed);
        assert('users' in again, 'what was changed is read again');
        assert.deepEqual(again.users, new Map([...reading.users, [name, stored]]));
      }
      const added = addUser(text, 'newcomer', stored);
      if (added === undefined) return 'newcomer stands there';
      const again = readCredentials(added);
      assert('users' in again, 'what was added to is read again');
      assert.deepEqual(again.users, new Map([...reading.users, ['newcomer', stored]]));
      return `${reading.users.size} users`;
    },
  },
  {
    name: 'stored-password',
    maxInputBytes: 120,
    seeds: () => tokens(CREDENTIALS[2]!.slice(5, -1), 'plain', '$5$x'),
    dictionary: tokens('$scrypt$', 'ln=', ',r=', ',p=', '$', '99', '18', '16'),
    run(input) {
      const parsed = parseStoredPassword(new TextDecoder().decode(input));
      if (parsed?.kind !== 'scrypt') return parsed?.kind ?? 'none';
      const { logN, r, p } = parsed.cost;
      const bytes = 128 * 2 ** logN * r;
      assert(
        bytes <= 8 * 128 * 2 ** SCRYPT_COST.logN * SCRYPT_COST.r && p <= 16,
        'cost is bounded',
      );
      return 'scrypt';
    },
  },
  {
    name: 'known-server',
    maxInputBytes: 80,
    seeds: () => tokens(`SHA256:${'A'.repeat(43)}`, `${'/'.repeat(42)}8=`),
    dictionary: tokens('SHA256:', '='),
    run(input) {
      const fingerprint = parseFingerprint(new TextDecoder().decode(input).trim());
      if (fingerprint === undefined) return 'none';
      assert(parseFingerprint(fingerprint) === fingerprint, 'a fingerprint reads as itself');
      const digest = fingerprint.slice('SHA256:'.length);
      const bytes = Buffer.from(digest, 'base64');
      assert(
        bytes.length === 32 && bytes.toString('base64').startsWith(digest),
        '32 bytes, one form',
      );
      return 'fingerprint';
    },
  },
  {
    name: 'command',
    maxInputBytes: 300,
    seeds: () =>
      tokens(
        'MSG hello there',
        'DLT #3 25 Apr 2021 05:26:30',
        'EDT 3 25 Apr 2021 05:26:30 new text',
        'RDM 29 Feb 2024 23:59:59',
        'ATU',
        `UPD jess 'a b' "c\\"d" e\\ f`,
        'OUT now',
        'RST',
        'hlp ',
      ),
    dictionary: tokens('25 Apr 2021 05:26:30', ' ', '\\', '"', "'", '#', '29 Feb 2023', 'now'),
    run(input) {
      const line = new TextDecoder().decode(input);
      const parsed = parseCommand(line);
      if (parsed === undefined) return 'nothing';
      if ('problem' in parsed) return 'problem';
      const { command } = parsed;
      const times = 'time' in command ? [command.time] : 'since' in command ? [command.since] : [];
      for (const time of times) {
        assert(formatTime(parseTime(time)!) === time, 'a time has one form');
      }
      return command.type;
    },
  },
  {
    name: 'safe-text',
    maxInputBytes: 200,
    seeds: () => tokens('\x1b[2J\r\n', 'a\u202egpj.exe', '👩\u200d🚀 ❤\ufe0f', '\u{e0041}'),
    dictionary: tokens('\u200d', '\ufe0f', '\u2066', '👩', '\u{1f3fd}', '\u3164', '\x9b', '\u2028'),
    run(input) {
      const text = safeText(new TextDecoder('utf-8', { ignoreBOM: true }).decode(input));
      assert(
        !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(text),
        'text is one line',
      );
      assert(safeText(text) === text, 'safe text stays as it is');
      return text.includes('\u200d') ? 'joined' : 'plain';
    },
  },
];
