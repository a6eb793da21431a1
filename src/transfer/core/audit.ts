import assert from 'node:assert/strict';
import type { Endpoint } from './endpoint.ts';
import type { Path } from './path/path.ts';

/**
 * Fails where what the parts of an endpoint keep does not agree. It looks at every packet in flight: for
 * tests, which call it between the turns of a run (`docs/invariants.md` lists what holds always).
 */
export function audit(endpoint: Endpoint): void {
  let grantedBytes = 0;
  const bytesInFlight = new Map<Path, number>();
  for (const connection of endpoint.connections) {
    const { path } = connection;
    connection.audit();
    grantedBytes += connection.grantedBytes;
    bytesInFlight.set(path, (bytesInFlight.get(path) ?? 0) + connection.bytesOnPath);
  }
  // Another connection of its path may have learned another RTT.
  endpoint.deadlines.audit(({ path }) => path.memberCount === 1);
  assert(endpoint.ledger.grantedBytes === grantedBytes, 'the ledger is the sum of its grants');
  for (const path of endpoint.paths) {
    const bytes = bytesInFlight.get(path) ?? 0;
    assert(path.bytesInFlight === bytes, 'a path has in flight what its connections have');
  }
}
