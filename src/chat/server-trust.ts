import type { Fingerprint } from './core/fingerprint.ts';
import { hostAndPort } from './core/host-and-port.ts';
import type { KnownServers } from './io/known-servers.ts';
import { safeLine, type SafeText } from '../text/safe-text.ts';

/** The server that answered has not the key that was expected. The message is what to tell. */
export class ServerKeyError extends Error {
  override readonly name = 'ServerKeyError';
  readonly line: SafeText;

  constructor(line: SafeText) {
    super(line);
    this.line = line;
  }
}

export interface ServerTrustOptions {
  readonly host: string;
  readonly port: number;
  readonly knownServers: KnownServers;
  /** What the server's key must be; absent: what it was the last time. */
  readonly fingerprint?: Fingerprint | undefined;
  /** Told when a key is trusted because it is the first. */
  readonly warn: (line: SafeText) => void;
}

/**
 * Decides whether the server that answered is the one that was meant: by the fingerprint that the
 * user gave, else by the key that the same host and port had before, else it is trusted and kept.
 */
export class ServerTrust {
  readonly #options: ServerTrustOptions;
  /** The key of this run's first connection, should it not be possible to keep it. */
  #seen: Fingerprint | undefined;

  constructor(options: ServerTrustOptions) {
    this.#options = options;
  }

  /** Rejects with a `ServerKeyError`, or a `KnownServersError`. */
  readonly check = async (shown: Fingerprint): Promise<void> => {
    const { host, port, knownServers, fingerprint: given } = this.#options;
    const where = hostAndPort(host, port);
    if (given !== undefined && given !== shown) {
      throw new ServerKeyError(
        safeLine`The server at ${where} has the key ${shown}, not the one given with --fingerprint. Nothing was sent to it. Ask whoever runs it for its fingerprint.`,
      );
    }
    const known = this.#seen ?? (await knownServers.read(host, port));
    if (given === undefined && known !== undefined && known !== shown) {
      throw new ServerKeyError(
        safeLine`The server at ${where} has a new key ${shown}, it was ${known}: it was set up anew, or somebody sits in between. Nothing was sent to it. Ask whoever runs it; if the new key is right, connect once with --fingerprint ${shown}.`,
      );
    }
    this.#seen = shown;
    if (known === shown) return;
    if (given === undefined) {
      this.#warn(safeLine`First connection to ${where}: its key ${shown} is trusted from now on.`);
    }
    await this.#keep(shown);
  };

  async #keep(shown: Fingerprint): Promise<void> {
    const { host, port, knownServers } = this.#options;
    try {
      await knownServers.write(host, port, shown);
    } catch (error) {
      this.#warn(safeLine`That key cannot be kept for the next time: ${(error as Error).message}.`);
    }
  }

  #warn(line: SafeText): void {
    this.#options.warn(line);
  }
}
