import type { Path } from '../../path/path.ts';
import type { ConnectionTrace, TracedStanding } from '../connection-trace.ts';

/** From the start without a gap, and how far it may go; `SendStream` is one. */
interface StreamStanding {
  readonly acknowledged: number;
  readonly creditOffset: number;
}

/** Tells the trace of a connection what it goes by, and when its path has become another one. */
export class StandingTap {
  readonly #trace: ConnectionTrace;
  readonly #standing = new Standing();
  #path: Path;

  constructor(trace: ConnectionTrace, path: Path) {
    this.#trace = trace;
    this.#path = path;
  }

  tell(path: Path, stream: StreamStanding, nowUs: number): void {
    if (path !== this.#path) {
      this.#path = path;
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
