import { judgeSilence } from './judge-silence.ts';
import { ownNetworks } from './own-networks.ts';
import { knock } from './port-knock.ts';
import type { ReachFinding } from './reach-finding.ts';
import { safeLine } from '../text/safe-text.ts';
import type { SocketAddress } from '../transfer/diagnosis.ts';

/** After so long without an answer the likely cause is told, while it is tried on. */
export const TELL_AFTER_MS = 5_000;
const LOOK_EVERY_MS = 250;

/** What finding out why nobody answers needs of the machine; tests hand in their own. */
export interface SilenceTools {
  readonly knock: (address: SocketAddress) => Promise<string | undefined>;
  readonly ownNetworks: () => readonly string[];
  readonly platform: NodeJS.Platform;
  readonly nowMs: () => number;
}

export const systemSilenceTools: SilenceTools = {
  knock,
  ownNetworks,
  platform: process.platform,
  nowMs: () => performance.now(),
};

export interface SilenceWatchOptions {
  /** Those of the ticket. */
  readonly addresses: readonly SocketAddress[];
  readonly giveUpMs: number;
  /** Nobody has answered for `TELL_AFTER_MS`. */
  readonly tell: (findings: readonly ReachFinding[]) => void;
  readonly tools?: SilenceTools;
}

/** What is watched of a transfer: `opening` once its paths were looked through, until somebody answers. */
export interface WatchedTransfer {
  readonly state: string;
  readonly done: Promise<unknown>;
}

/** Finds out why nobody answers at the addresses of a ticket, as far as can be told from this side. */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  readonly #tools: SilenceTools;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    this.#tools = options.tools ?? systemSilenceTools;
  }

  /** Tells once, unless it is answered, or over, before that. */
  watch(transfer: WatchedTransfer): void {
    const { nowMs } = this.#tools;
    let sinceMs: number | undefined;
    const timer = setInterval(() => {
      // Before, its paths are looked through; behind it somebody has answered.
      if (transfer.state === 'waiting') return;
      sinceMs ??= nowMs();
      if (transfer.state === 'opening' && nowMs() - sinceMs < TELL_AFTER_MS) return;
      clearInterval(timer);
      if (transfer.state === 'opening') void this.#tell(transfer);
    }, LOOK_EVERY_MS);
    const end = (): void => {
      clearInterval(timer);
    };
    transfer.done.then(end, end);
  }

  /** As it is now, behind a transfer that nobody has answered. */
  findings(): Promise<readonly ReachFinding[]> {
    return this.#find(this.#options.giveUpMs);
  }

  async #tell(transfer: WatchedTransfer): Promise<void> {
    const findings = await this.#find(TELL_AFTER_MS);
    if (transfer.state === 'opening') this.#options.tell(findings);
  }

  #find(silentMs: number): Promise<ReachFinding[]> {
    const { addresses } = this.#options;
    const { ownNetworks, platform } = this.#tools;
    return Promise.all(
      addresses.map(async (address) => {
        const finding = judgeSilence({
          ...{ address, silentMs, platform, knock: await this.#tools.knock(address) },
          ...{ ownNetworks: ownNetworks(), listener: 'upd receive' },
        });
        return { ...finding, text: safeLine`${finding.text}.` };
      }),
    );
  }
}
