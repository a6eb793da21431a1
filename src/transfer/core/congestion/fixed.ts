import type { CongestionController, ControllerOptions } from './controller.ts';

/**
 * A window of N packets a connection, whatever the network says: sliding window for teaching, tests
 * and comparison. N = 1 is stop-and-wait.
 */
export class FixedWindow implements CongestionController {
  readonly windowBytes: number = Infinity;
  readonly pacingBytesPerSec: number = Infinity;
  readonly inflightGain: number = Infinity;
  readonly connectionWindowPackets: number;

  constructor(options: ControllerOptions) {
    this.connectionWindowPackets = options.windowPackets;
  }

  onSent(): void {
    // A fixed window learns nothing.
  }

  onAcked(): void {
    // A fixed window learns nothing.
  }

  onLost(): void {
    // A fixed window learns nothing.
  }

  onSpuriousLoss(): void {
    // A fixed window learns nothing.
  }

  onPersistentCongestion(): void {
    // A fixed window learns nothing.
  }

  onDatagramBytes(): void {
    // The window counts packets.
  }
}
