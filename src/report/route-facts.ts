import type { TransferRoute } from '../transfer/index.ts';

/** The way of a transfer, as events and receipts tell it. */
export interface RouteFacts {
  /** From machine to machine: no other way is known to this version. */
  readonly kind: 'direct';
  /** Where the other side's datagrams come from. */
  readonly address: string;
  readonly port: number;
  /** There and back, smoothed; absent before it was measured. */
  readonly roundTripMs?: number;
}

/** As a field `route`; nothing where there was no connection. */
export function routeFacts(route: TransferRoute | undefined): { readonly route?: RouteFacts } {
  if (route === undefined) return {};
  const { peer, roundTripMs } = route;
  const measured = roundTripMs === undefined ? {} : { roundTripMs };
  return { route: { kind: 'direct', address: peer.address, port: peer.port, ...measured } };
}
