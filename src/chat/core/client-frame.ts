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
  },
  register: {
    request: isCount,
    user: isString,
    password: isString,
    udpPort: isUdpPort,
    publicKey: isPublicKey,
  },
  'change-password': { request: isCount, oldPassword: isString, newPassword: isString },
  post: { request: isCount, text: isString },
  delete: { request: isCount, number: isCount, time: isString },
  edit: { request: isCount, number: isCount, time: isString, text: isString },
  read: { request: isCount, since: isString },
  users: { request: isCount },
  introduce: { request: isCount, to: isString, purpose: isPurpose },
  decline: { request: isCount, keyId: isKeyId },
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
    if (!Object.hasOwn(body, name) || !isGood(body[name])) return undefined;
  }
  return value as unknown as ClientFrame;
}
