import { spawnSync } from 'node:child_process';

/** Two network namespaces joined by a link that is slow from `sending` to `receiving`. */
export interface SlowLink {
  /** Names for `ip netns exec`. */
  readonly sending: string;
  readonly receiving: string;
  /** IPv4 address in `receiving`. */
  readonly receivingHost: string;
  readonly sendingHost: string;
  remove(): void;
}

/** Of the link, long enough a queue behind it that nothing is dropped: the sender must be held. */
const RATE = '40mbit';
const QUEUE = '64mb';

/**
 * Makes one with this process's id in its names. Undefined where that cannot be done: it needs root,
 * `ip` and `tc` (iproute2), and the kernel's token bucket (tbf).
 */
export function makeSlowLink(): SlowLink | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [sending, receiving] = [`updraft-${process.pid}-a`, `updraft-${process.pid}-b`];
  const [near, far] = [`upa${process.pid}`, `upb${process.pid}`];
  // TEST-NET-1 (RFC 5737); the namespaces hold nothing else.
  const [sendingHost, receivingHost] = ['192.0.2.1', '192.0.2.2'];
  const remove = (): void => {
    for (const name of [sending, receiving]) spawnSync('ip', ['netns', 'del', name]);
  };
  const commands = [
    `ip netns add ${sending}`,
    `ip netns add ${receiving}`,
    `ip -n ${sending} link add ${near} type veth peer name ${far} netns ${receiving}`,
    `ip -n ${sending} addr add ${sendingHost}/24 dev ${near}`,
    `ip -n ${receiving} addr add ${receivingHost}/24 dev ${far}`,
    `ip -n ${sending} link set lo up`,
    `ip -n ${receiving} link set lo up`,
    `ip -n ${sending} link set ${near} up`,
    `ip -n ${receiving} link set ${far} up`,
    `tc -n ${sending} qdisc add dev ${near} root tbf rate ${RATE} burst 16kb limit ${QUEUE}`,
  ];
  for (const command of commands) {
    const [program, ...args] = command.split(' ');
    if (spawnSync(program!, args).status === 0) continue;
    remove();
    return undefined;
  }
  return { sending, receiving, sendingHost, receivingHost, remove };
}
