import assert from 'node:assert/strict';
import type { Endpoint } from './endpoint.ts';
import type { Path } from './path/path.ts';

/**
 * Fails where what the parts of an endpoint keep does not agree. It looks at every packet in flight: for
 * tests, which call it between the turns of a run (`docs/invariants.md` lists what holds always).
 *
 * @param wasShared whether a path has had several connections at once: each may have learned an RTT of which
 *   the others' deadlines know nothing yet
 */
export function audit(endpoint: Endpoint, wasShared: (path: Path) => boolean): void {
  let grantedBytes = 0;
  const bytesInFlight = new Map<Path, number>();
  for (const connection of endpoint.connections) {
    const { path } = connection;
    connection.audit();
    grantedBytes += connection.grantedBytes;
    bytesInFlight.set(path, (bytesInFlight.get(path) ?? 0) + connection.bytesOnPath);
  }
  endpoint.deadlines.audit(({ path }) => !wasShared(path));
  assert(endpoint.ledger.grantedBytes === grantedBytes, 'the ledger is the sum of its grants');
  for (const path of endpoint.paths) {
    const bytes = bytesInFlight.get(path) ?? 0;
    assert(path.bytesInFlight === bytes, 'a path has in flight what its connections have');
  }
}
