import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { MAX_TICKETS } from '../../core/index.ts';
import { TransferError } from '../../files/transfer-error.ts';
import type { Introduction, SocketAddress } from '../../files/transfer.ts';
import { SECRET_BYTES } from '../../secure/sealed-introduction.ts';
import { ticketIntroduction } from './send-target.ts';
import { ticketAddresses } from './ticket-addresses.ts';
import { encodeTicket } from './ticket-text.ts';
import type { TicketOptions } from '../transfer-endpoint.ts';

export interface MadeTicket {
  readonly text: string;
  /** What an endpoint is to let in. */
  readonly introduction: Introduction;
}

/** Makes the tickets of one endpoint. */
export class TicketMaker {
  readonly #address: SocketAddress;
  readonly #publicKey: string;
  /** By key id: the same secret gives the same ticket, not one more. */
  readonly #made: Set<string> = new Set();

  /** `address`: what the endpoint listens on; `publicKey`: 64 hex digits. */
  constructor(address: SocketAddress, publicKey: string) {
    this.#address = address;
    this.#publicKey = publicKey;
  }

  has(keyId: string): boolean {
    return this.#made.has(keyId);
  }

  make(options: TicketOptions = {}): MadeTicket {
    const { addresses = ticketAddresses(this.#address.address) } = options;
    const { secret = randomBytes(SECRET_BYTES) } = options;
    assert(secret.length === SECRET_BYTES, 'the secret of a ticket is 32 bytes');
    const receiverKey = Buffer.from(this.#publicKey, 'hex');
    const text = encodeTicket({ secret, receiverKey, port: this.#address.port, addresses });
    const introduction = ticketIntroduction(secret, this.#publicKey);
    if (!this.#made.has(introduction.keyId) && this.#made.size >= MAX_TICKETS) {
      throw new TransferError('refused', `an endpoint has at most ${MAX_TICKETS} tickets`);
    }
    this.#made.add(introduction.keyId);
    return { text, introduction };
  }
}
