import { type Clock, systemClock } from './io/clock.ts';
import { ownNetworks } from '../reach/own-networks.ts';
import { knock } from '../reach/port-knock.ts';
import { probeIntroduced } from '../transfer/diagnosis.ts';
import type { SocketAddress } from '../transfer/index.ts';

/** What finding out why nobody answers needs of the machine; tests hand in their own. */
export interface ReachTools {
  readonly clock: Clock;
  /** What the system says of datagrams to an address. */
  readonly knock: (address: SocketAddress) => Promise<string | undefined>;
  /** Of this machine's interfaces: see `placeOf`. */
  readonly ownNetworks: () => readonly string[];
  readonly platform: NodeJS.Platform;
  /** Opens a connection, and looks how that goes. */
  readonly probe: typeof probeIntroduced;
}

export const systemReachTools: ReachTools = {
  clock: systemClock,
  knock,
  ownNetworks,
  platform: process.platform,
  probe: probeIntroduced,
};
