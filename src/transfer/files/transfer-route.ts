import type { TransportConnection } from '../core/transport.ts';
import type { TransferRoute } from './transfer.ts';

/** The way of this connection, as it is now; of none, nothing. */
export function routeOf(
  connection: Pick<TransportConnection, 'peerAddress' | 'stats'> | undefined,
): { readonly route?: TransferRoute } {
  if (connection === undefined) return {};
  const { address, port } = connection.peerAddress;
  const { minRttUs, smoothedRttUs } = connection.stats;
  const isMeasured = minRttUs !== Infinity;
  return {
    route: { peer: { address, port }, ...(isMeasured && { roundTripMs: smoothedRttUs / 1_000 }) },
  };
}
