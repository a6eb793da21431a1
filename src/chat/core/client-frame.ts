import { type ClientFrame, introductionPurposes } from './protocol.ts';

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isUdpPort(value: unknown): boolean {
  return isCount(value) && value !== 0 && (value as number) <= 65_535;
}

/** 32 bytes. */
function isPublicKey(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

/** 8 bytes. */
function isKeyId(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);
}

function isPurpose(value: unknown): boolean {
  return introductionPurposes.some((purpose) => purpose === value);
}

/** Numbers that others are shown: a liar's too are no longer than a person's. */
const MAX_COUNT = 1_000_000;
const MAX_ADDRESSES = 4;

function isSmallCount(value: unknown): boolean {
  return isCount(value) && (value as number) <= MAX_COUNT;
}

/** Only what an IP literal is made of: it is passed on and shown. */
function isEndpointAddress(value: unknown): boolean {
  if (!isFields(value) || !isUdpPort(value['port'])) return false;
  const { address } = value;
  return typeof address === 'string' && /^[0-9a-zA-Z:.%]{2,64}$/.test(address);
}

function isSentCounts(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { openCount, scoutCount, addresses } = value;
  if (!isSmallCount(openCount) || !isSmallCount(scoutCount) || !Array.isArray(addresses)) {
    return false;
  }
  const isFew = addresses.length >= 1 && addresses.length <= MAX_ADDRESSES;
  return isFew && addresses.every(isEndpointAddress);
}

function isSeenCounts(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { openCount, scoutCount, answerCount } = value;
  return [openCount, scoutCount, answerCount].every(isSmallCount);
}

function isAbsentOrBoolean(value: unknown): boolean {
  return value === undefined || typeof value === 'boolean';
}

type FieldsOf<Type extends ClientFrame['type']> = keyof Extract<
  ClientFrame,
  { type: Type }
>['body'];

/**
 * What each body must hold. A text that is too long or a name that cannot exist is well formed: it
 * gets a refusal, since a person typed it. Further fields are ignored, so that later clients can add.
 */
const bodyFields: {
  readonly [Type in ClientFrame['type']]: Readonly<
    Record<FieldsOf<Type>, (value: unknown) => boolean>
  >;
} = {
  login: {
    request: isCount,
    user: isString,
    password: isString,
    udpPort: isUdpPort,
    publicKey: isPublicKey,
    compares: isAbsentOrBoolean,
  },
  register: {
    request: isCount,
    user: isString,
    password: isString,
    udpPort: isUdpPort,
    publicKey: isPublicKey,
    compares: isAbsentOrBoolean,
  },
  'change-password': { request: isCount, oldPassword: isString, newPassword: isString },
  post: { request: isCount, text: isString },
  delete: { request: isCount, number: isCount, time: isString },
  edit: { request: isCount, number: isCount, time: isString, text: isString },
  read: { request: isCount, since: isString },
  users: { request: isCount },
  introduce: { request: isCount, to: isString, purpose: isPurpose },
  decline: { request: isCount, keyId: isKeyId },
  compare: { request: isCount, to: isString, keyId: isKeyId, sent: isSentCounts },
  saw: { request: isCount, keyId: isKeyId, seen: isSeenCounts },
  logout: { request: isCount },
  pong: {},
};

/** The frame that `value` (parsed JSON from a stranger) is; undefined when it is none. */
export function clientFrameOf(value: unknown): ClientFrame | undefined {
  if (!isFields(value) || typeof value['type'] !== 'string' || !isFields(value['body'])) {
    return undefined;
  }
  if (!Object.hasOwn(bodyFields, value['type'])) return undefined;
  const body = value['body'];
  const checks = Object.entries<(value: unknown) => boolean>(
    bodyFields[value['type'] as ClientFrame['type']],
  );
  for (const [name, isGood] of checks) {
    if (!isGood(Object.hasOwn(body, name) ? body[name] : undefined)) return undefined;
  }
  return value as unknown as ClientFrame;
}
