import { introductionPurposes, refusals, type ServerFrame } from './protocol.ts';

const MAX_ADDRESSES = 4;

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isString: Check = (value) => typeof value === 'string';
const isBoolean: Check = (value) => typeof value === 'boolean';
const isCount: Check = (value) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isPort: Check = (value) => isCount(value) && value !== 0 && (value as number) <= 65_535;
const isHex =
  (digits: number): Check =>
  (value) =>
    typeof value === 'string' && value.length === digits && /^[0-9a-f]*$/.test(value);
const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && values.includes(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
/** DESIGN §7: at most 4 addresses a side. One is needed, or there is nobody to open to. */
const isAddresses: Check = (value) =>
  listOf(fieldsOf({ address: isString, port: isPort }))(value) &&
  (value as unknown[]).length >= 1 &&
  (value as unknown[]).length <= MAX_ADDRESSES;
const fieldsOf =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isFields(value) &&
    Object.entries(checks).every(([name, isGood]) =>
      isGood(Object.hasOwn(value, name) ? value[name] : undefined),
    );

/** As the server takes them from the other client; a stranger one may say anything. */
const isAbsentOrBoolean: Check = (value) => value === undefined || isBoolean(value);
const sent = fieldsOf({ openCount: isCount, scoutCount: isCount, addresses: isAddresses });
const seen = fieldsOf({ openCount: isCount, scoutCount: isCount, answerCount: isCount });

const message = {
  number: isCount,
  user: isString,
  text: isString,
  time: isString,
  edited: isBoolean,
};
const user = { user: isString, address: isString, udpPort: isPort, since: isString };
const key = fieldsOf({ keyId: isHex(16), secret: isHex(64), peerKey: isHex(64) });
const request = isCount;

/** What each body must hold. Further fields are ignored, so that later servers can add. */
const bodies: Readonly<Record<ServerFrame['type'], Check>> = {
  refused: fieldsOf({ request, reason: oneOf(...refusals) }),
  welcome: fieldsOf({ request, user: isString, users: listOf(fieldsOf(user)), more: isBoolean }),
  done: fieldsOf({ request, number: isCount, time: isString }),
  messages: fieldsOf({ request, messages: listOf(fieldsOf(message)), more: isBoolean }),
  users: fieldsOf({ request, users: listOf(fieldsOf(user)), more: isBoolean }),
  introduced: fieldsOf({
    request,
    to: isString,
    key,
    addresses: isAddresses,
    compares: isAbsentOrBoolean,
  }),
  declining: fieldsOf({ request }),
  comparing: fieldsOf({ request }),
  'password-changed': fieldsOf({ request }),
  bye: fieldsOf({ request }),
  posted: fieldsOf(message),
  joined: fieldsOf(user),
  left: fieldsOf({ user: isString }),
  expect: fieldsOf({ from: isString, purpose: oneOf(...introductionPurposes), key }),
  declined: fieldsOf({ keyId: isHex(16) }),
  compare: fieldsOf({ from: isString, keyId: isHex(16), sent }),
  saw: fieldsOf({ keyId: isHex(16), seen }),
  ping: fieldsOf({}),
  ended: fieldsOf({ reason: oneOf('replaced', 'stopping', 'idle') }),
};

/** The frame that `value` (parsed JSON from a server) is; undefined when it is none. */
export function serverFrameOf(value: unknown): ServerFrame | undefined {
  if (!isFields(value) || typeof value['type'] !== 'string') return undefined;
  if (!Object.hasOwn(bodies, value['type'])) return undefined;
  const isGood = bodies[value['type'] as ServerFrame['type']];
  return isGood(value['body']) ? (value as unknown as ServerFrame) : undefined;
}
