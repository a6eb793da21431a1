import type { Address } from '../path/path-member.ts';
import type { Path } from '../path/path.ts';
import type { ConnectionTrace, TracedStanding } from './connection-trace.ts';
import type { SendStream } from './send-stream.ts';

/** Tells the trace of a connection what it goes by, and when its path has become another one. */
export class StandingTap {
  readonly #trace: ConnectionTrace;
  readonly #standing = new Standing();
  #address: Address;

  constructor(trace: ConnectionTrace, address: Address) {
    this.#trace = trace;
    this.#address = address;
  }

  tell(path: Path, stream: SendStream, nowUs: number): void {
    if (path.address !== this.#address) {
      this.#address = path.address;
      this.#trace.onMoved(path.address, nowUs);
    }
    const standing = this.#standing;
    standing.latestRttUs = path.rtt.latestUs;
    standing.smoothedRttUs = path.rtt.smoothedUs;
    standing.rttVarianceUs = path.rtt.varianceUs;
    standing.minRttUs = path.rtt.minUs;
    standing.windowBytes = path.windowBytes;
    standing.bytesInFlight = path.bytesInFlight;
    standing.pacingBytesPerSec = path.pacingBytesPerSec;
    standing.datagramBytes = path.datagramBytes;
    standing.controllerState = path.controller.state;
    standing.acknowledgedBytes = stream.acknowledged;
    standing.creditBytes = stream.creditOffset;
    this.#trace.onStanding(standing, nowUs);
  }
}

class Standing implements TracedStanding {
  latestRttUs = 0;
  smoothedRttUs = 0;
  rttVarianceUs = 0;
  minRttUs = Infinity;
  windowBytes = 0;
  bytesInFlight = 0;
  pacingBytesPerSec = Infinity;
  datagramBytes = 0;
  controllerState: string | undefined;
  acknowledgedBytes = 0;
  creditBytes = 0;
}
