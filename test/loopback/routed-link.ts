import { spawnSync } from 'node:child_process';

/** Two hosts, each a network namespace, with a router between them. */
export interface RoutedLink {
  /** Names for `ip netns exec`. */
  readonly sending: string;
  readonly receiving: string;
  readonly sendingHost: string;
  readonly receivingHost: string;
  readonly router: string;
  /** The router's addresses, as the sender and as the receiver reach it. */
  readonly nearRouter: string;
  readonly farRouter: string;
  remove(): void;
}

/** MTU of the sender's interface and of the link behind the router. */
export interface RoutedMtus {
  readonly nearBytes: number;
  readonly farBytes: number;
}

let linkCount = 0;

/**
 * Makes one with this process's id in its names. Undefined where that cannot be done: it needs root
 * and `ip` (iproute2).
 */
export function makeRoutedLink({ nearBytes, farBytes }: RoutedMtus): RoutedLink | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = `${process.pid}x${linkCount++}`;
  const [sending, router, receiving] = [`updraft-${id}-a`, `updraft-${id}-r`, `updraft-${id}-b`];
  // TEST-NET-1 and TEST-NET-2 (RFC 5737); the namespaces hold nothing else.
  const [sendingHost, receivingHost] = ['192.0.2.1', '198.51.100.1'];
  const [nearRouter, farRouter] = ['192.0.2.2', '198.51.100.2'];
  const remove = (): void => {
    for (const name of [sending, router, receiving]) spawnSync('ip', ['netns', 'del', name]);
  };
  const commands = [
    ...[sending, router, receiving].map((name) => `ip netns add ${name}`),
    `ip -n ${sending} link add up0 type veth peer name up0 netns ${router}`,
    `ip -n ${receiving} link add up0 type veth peer name up1 netns ${router}`,
    `ip -n ${sending} addr add ${sendingHost}/24 dev up0`,
    `ip -n ${router} addr add ${nearRouter}/24 dev up0`,
    `ip -n ${router} addr add ${farRouter}/24 dev up1`,
    `ip -n ${receiving} addr add ${receivingHost}/24 dev up0`,
    `ip -n ${sending} link set up0 mtu ${nearBytes} up`,
    `ip -n ${router} link set up0 mtu ${nearBytes} up`,
    `ip -n ${router} link set up1 mtu ${farBytes} up`,
    `ip -n ${receiving} link set up0 mtu ${farBytes} up`,
    `ip -n ${sending} route add default via ${nearRouter}`,
    `ip -n ${receiving} route add default via ${farRouter}`,
    `ip netns exec ${router} sysctl -q -w net.ipv4.ip_forward=1`,
  ];
  for (const command of commands) {
    const [program, ...args] = command.split(' ');
    if (spawnSync(program!, args).status === 0) continue;
    remove();
    return undefined;
  }
  const hosts = { sendingHost, receivingHost, nearRouter, farRouter };
  return { sending, router, receiving, ...hosts, remove };
}
