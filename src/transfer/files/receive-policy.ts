import { refusedName, storedNameOf, type NamePlatform } from './stored-name.ts';
import type { TransferErrorCode } from './transfer-error.ts';

/** A file that a peer wants to send. */
export interface OfferedFile {
  /** Whom the introduction named. */
  readonly from: string;
  /** Base name as the sender gave it (NFC). Not safe to print. */
  readonly name: string;
  /** Of all files together. */
  readonly sizeBytes: number;
  readonly kind: 'file' | 'folder';
  /** Of everything that the transfer has offered so far, this included. */
  readonly offeredBytes: number;
}

export type Decision =
  | {
      readonly type: 'accept';
      /** Ready for the disk (`storedNameOf`), not yet made unique. */
      readonly storedName: string;
      readonly keptFreeShare: number;
    }
  | { readonly type: 'reject'; readonly code: TransferErrorCode; readonly reason: string };

/** Says before the first byte whether a file is wanted; may ask a person. */
export type ReceivePolicy = (offer: OfferedFile) => Decision | Promise<Decision>;

export interface ReceivePolicyOptions {
  /** Larger offers are refused; also lifts the rule that some of the disk stays free. */
  readonly maxSizeBytes?: number | undefined;
  /** Default: the name as offered. What it answers is made storable. */
  readonly storedName?: ((offer: OfferedFile) => string | Promise<string>) | undefined;
  readonly platform: NamePlatform;
}

/** Share of the disk that a receive leaves free unless `maxSizeBytes` bounds it (PRODUCT §4). */
export const KEPT_FREE_SHARE = 0.05;

/** The policy of an endpoint without a person to ask. */
export function createReceivePolicy(options: ReceivePolicyOptions): ReceivePolicy {
  const { maxSizeBytes, platform } = options;
  return async (offer) => {
    const refusal = refusedName(offer.name);
    if (refusal !== undefined) return { type: 'reject', code: 'refused', reason: refusal };
    if (maxSizeBytes !== undefined && offer.offeredBytes > maxSizeBytes) {
      const { offeredBytes } = offer;
      const reason = `over --max-size (${offeredBytes} bytes offered, ${maxSizeBytes} allowed)`;
      return { type: 'reject', code: 'refused', reason };
    }
    const wanted = (await options.storedName?.(offer)) ?? offer.name;
    const storedName = storedNameOf(wanted, platform);
    // A prefix cannot make a good name bad; a caller's own function can.
    const badStoredName = refusedName(storedName);
    if (badStoredName !== undefined) {
      return { type: 'reject', code: 'refused', reason: badStoredName };
    }
    const keptFreeShare = maxSizeBytes === undefined ? KEPT_FREE_SHARE : 0;
    return { type: 'accept', storedName, keptFreeShare };
  };
}
