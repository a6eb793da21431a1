import { createHash, randomBytes } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CloseCode } from '../../src/transfer/core/index.ts';
import { readU32, readU48, writeU32, writeU48 } from '../../src/transfer/core/wire/bytes.ts';
import { PacketType } from '../../src/transfer/core/wire/packet.ts';
import { encodeEnd, encodeStart, MessageType } from '../../src/transfer/files/records/message.ts';
import { encodeOffer, MAX_SIZE_BYTES } from '../../src/transfer/files/records/offer.ts';
import { createEndpoint, type TransferEndpoint } from '../../src/transfer/index.ts';
import type { RecordWriter } from '../../src/transfer/secure/record-writer.ts';
import { offeredFile } from '../transfer/files/memory-disk.ts';
import { type Lie, lie, type LyingOptions, type Verdict } from './lying-sender.ts';

/** Where a body begins: behind header and tag. */
const BODY_AT = 18;
const content = randomBytes(40_000);
let folder: string;
let inbox: string;
let receiver: TransferEndpoint;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'updraft-'));
  inbox = join(folder, 'inbox');
  mkdirSync(inbox);
  writeFileSync(join(folder, 'precious'), 'untouched');
  receiver = await createEndpoint({ inbox });
});

afterEach(async () => {
  await receiver.close();
  rmSync(folder, { recursive: true });
});

/** Somebody honest is served as ever, and nothing lies outside of the inbox. */
async function expectHealthy(): Promise<void> {
  const sender = await createEndpoint();
  const path = join(folder, 'honest');
  writeFileSync(path, content);
  const introduced = {
    keyId: randomBytes(8).toString('hex'),
    secret: randomBytes(32).toString('hex'),
  };
  receiver.expect({ ...introduced, peerKey: sender.publicKey }, 'derek');
  const introduction = { ...introduced, peerKey: receiver.publicKey };
  const addresses = [receiver.address];
  await sender.send({ introduction, addresses, paths: [path], peer: 'jess' }).done;
  await sender.close();
  expect(readFileSync(join(inbox, 'honest')).equals(content)).toBe(true);
  // Its own thread tells of the end, and may do so later than the sender's.
  await expect.poll(() => receiver.transfers).toEqual([]);
  for (const name of readdirSync(inbox)) expect(lstatSync(join(inbox, name)).isFile()).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(['honest', 'inbox', 'precious']);
  expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('untouched');
}

function offerOf(sizeBytes: number, name = 'lie'): Uint8Array {
  const entries = [offeredFile({ name, sizeBytes })];
  return encodeOffer({ entries, hasMoreEntries: false, hasMoreOffers: false });
}

/** The content of the first entry follows. */
const start = [MessageType.start, encodeStart({ entryIndex: 0, offsetBytes: 0 })] as const;

function endOf(bytes: Uint8Array): Uint8Array {
  const digest = createHash('sha256').update(bytes).digest();
  return encodeEnd({ entryIndex: 0, sizeBytes: bytes.length, digest });
}

/** Says these records once. */
function saying(...lines: readonly (readonly [number, Uint8Array])[]): LyingOptions['speak'] {
  let isSaid = false;
  return (writer) => {
    if (isSaid) return;
    isSaid = true;
    for (const [type, body] of lines) writer.write(type, body);
  };
}

/** An honest file, for lies that the packets tell. */
function honestly(bytes: Uint8Array): LyingOptions['speak'] {
  return saying(
    [MessageType.offer, offerOf(bytes.length)],
    start,
    [MessageType.content, bytes],
    [MessageType.end, endOf(bytes)],
  );
}

function closedAs(code: CloseCode): object {
  return { end: { code, byPeer: true } };
}

const broken = closedAs(CloseCode.violation);
const small = content.subarray(0, 1_000);

test('what the lies below are told with is delivered where nothing is a lie', async () => {
  expect(await lie(receiver, { speak: honestly(small) })).toEqual({
    isAccepted: true,
    end: 'done',
  });
  expect(readFileSync(join(inbox, 'lie')).equals(small)).toBe(true);
  await expectHealthy();
});

const sizes: readonly (readonly [string, LyingOptions['speak'], object])[] = [
  [
    'offers more than any disk holds',
    saying([MessageType.offer, offerOf(MAX_SIZE_BYTES)]),
    { isAccepted: false, end: { code: 'no-space' } },
  ],
  [
    'sends more than it offered',
    saying([MessageType.offer, offerOf(999)], start, [MessageType.content, small]),
    broken,
  ],
  [
    'ends before all that it offered',
    saying(
      [MessageType.offer, offerOf(1_001)],
      start,
      [MessageType.content, small],
      [MessageType.end, endOf(small)],
    ),
    broken,
  ],
  [
    'names another hash',
    saying(
      [MessageType.offer, offerOf(1_000)],
      start,
      [MessageType.content, small],
      [
        MessageType.end,
        encodeEnd({ entryIndex: 0, sizeBytes: 1_000, digest: content.subarray(0, 32) }),
      ],
    ),
    { end: { code: 'integrity' } },
  ],
];

test.each(sizes)(
  'a sender that %s is refused, and nobody else suffers',
  async (_, speak, refusal) => {
    expect(await lie(receiver, { speak })).toMatchObject(refusal);
    await expectHealthy();
  },
);

/** Calls `speak` for as long as there is room, and counts what was written. */
function endlessly(speak: (writer: RecordWriter, nth: number) => void): LyingOptions['speak'] {
  let nth = 0;
  return (writer, connection) => {
    while (connection.writeRoomBytes > 0 && !connection.isClosed) speak(writer, nth++);
  };
}

/** OFFER with as many entries as fit a record, the flag that more follow, and its count as it is. */
function crowdedOffer(): Uint8Array {
  const entry = offerOf(1).subarray(4);
  const entryCount = Math.floor(60_000 / entry.length);
  const head = Uint8Array.of(offerOf(1)[0]!, 1, entryCount >> 8, entryCount);
  return Buffer.concat([head, ...Array.from({ length: entryCount }, () => entry)]);
}

const endless: readonly (readonly [string, LyingOptions['speak'], object])[] = [
  [
    'offers a million entries',
    endlessly((writer) => {
      writer.write(MessageType.offer, crowdedOffer());
    }),
    broken,
  ],
  [
    'sends content without end',
    endlessly((writer, nth) => {
      if (nth === 0) {
        writer.write(MessageType.offer, offerOf(100_000));
        writer.write(...start);
      } else writer.write(MessageType.content, small);
    }),
    broken,
  ],
  [
    'sends records without content without end',
    endlessly((writer, nth) => {
      if (nth === 0) {
        writer.write(MessageType.offer, offerOf(100_000));
        writer.write(...start);
      } else writer.write(MessageType.content, new Uint8Array(0));
    }),
    broken,
  ],
  [
    'never comes to its offer',
    endlessly((writer) => {
      writer.write(MessageType.content, small);
    }),
    broken,
  ],
];

test.each(endless)(
  'a sender that %s is refused, and nobody else suffers',
  async (_, speak, refusal) => {
    expect(await lie(receiver, { speak })).toMatchObject(refusal);
    await expectHealthy();
  },
);

/** A change of every packet of a type. */
function inEach(type: number, change: (datagram: Uint8Array) => void): Lie {
  return (datagram) => {
    if ((datagram[4]! & 0x3f) !== type) return false;
    change(datagram);
    return true;
  };
}

const OFFSET_AT = BODY_AT + 4;
const LARGEST_AT = BODY_AT + 4;

const packets: readonly (readonly [string, Lie, object])[] = [
  [
    'sends to offsets far beyond its credit',
    inEach(PacketType.data, (datagram) => {
      writeU48(datagram, OFFSET_AT, readU48(datagram, OFFSET_AT) + 2 ** 40);
    }),
    broken,
  ],
  [
    'acknowledges packets that were never sent',
    inEach(PacketType.ack, (datagram) => {
      writeU32(datagram, LARGEST_AT, readU32(datagram, LARGEST_AT) + 1_000);
    }),
    broken,
  ],
  [
    'ends its stream at two places',
    inEach(PacketType.data, (datagram) => {
      datagram[5]! |= 1;
    }),
    broken,
  ],
  [
    'sends other bytes than it sealed',
    inEach(PacketType.data, (datagram) => {
      datagram[datagram.length - 1]! ^= 1;
    }),
    closedAs(CloseCode.integrity),
  ],
];

test.each(packets)(
  'a sender that %s is refused, and nobody else suffers',
  async (_, told, refusal) => {
    const verdict = await lie(receiver, { speak: honestly(content), lie: told });
    expect(verdict).toMatchObject(refusal);
    await expectHealthy();
  },
);

/** What each rule of the names is about, once; `traversal-names.test.ts` has all. */
const namesToRefuse = [
  '../precious',
  '..',
  '/etc/x',
  'a\\..\\x',
  'C:x',
  'a\0b',
  '\x1b[2J',
  'cod\u202egpj',
];
const namesToChange: Readonly<Record<string, string>> = {
  '.bashrc': '_bashrc',
  'x.part': 'x.part_',
  'x.part.state': 'x.part.state_',
  '...': '_..',
};

test('names that would leave the inbox, hide or mislead are refused or changed', async () => {
  const offering = (name: string): Promise<Verdict> =>
    lie(receiver, {
      speak: saying(
        [MessageType.offer, offerOf(1_000, name)],
        start,
        [MessageType.content, small],
        [MessageType.end, endOf(small)],
      ),
    });
  for (const name of namesToRefuse) {
    // A way through folders that were not offered breaks the protocol.
    const refusal = name.includes('/') ? broken : { isAccepted: false, end: { code: 'refused' } };
    expect(await offering(name), JSON.stringify(name)).toMatchObject(refusal);
  }
  for (const [name, stored] of Object.entries(namesToChange)) {
    expect(await offering(name), name).toMatchObject({ end: 'done' });
    expect(readFileSync(join(inbox, stored)).equals(small), name).toBe(true);
  }
  await expectHealthy();
  await receiver.close();
  expect(readdirSync(inbox).sort()).toEqual([...Object.values(namesToChange), 'honest'].sort());
});
