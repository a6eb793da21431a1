import type { ByteSink } from '../byte-stream.ts';
import { MAX_SIZE_BYTES } from '../records/offer.ts';
import { refusedName, storedNameOf, type NamePlatform } from '../stored-name.ts';
import { TransferError, type TransferErrorCode } from '../transfer-error.ts';

/** A file or folder that a peer wants to send. */
export interface OfferedFile {
  /** Whom the introduction named. */
  readonly from: string;
  /** Base name as the sender gave it (NFC). Not safe to print. */
  readonly name: string;
  /** Of all files together; undefined while only the sender's stream will tell. */
  readonly sizeBytes: number | undefined;
  readonly kind: 'file' | 'folder';
  /** Nothing else is sent with it. */
  readonly isAlone: boolean;
  /** Of everything that the transfer has offered so far, this included, as far as it is known. */
  readonly offeredBytes: number;
  /** Aborted when the transfer is over before there is an answer: nobody waits for one any more. */
  readonly signal: AbortSignal;
}

/** What a receiver wants to become of an offer. */
export interface ReceiveAnswer {
  /** Why it is not wanted; the sender is told. */
  readonly refuse?: string;
  /** A file goes here and not to the disk. */
  readonly into?: ByteSink;
  /** The name under which it is stored. Default: its own. */
  readonly storedName?: string;
}

export type Decision =
  | {
      readonly type: 'accept';
      /** Ready for the disk (`storedNameOf`), not yet made unique. */
      readonly storedName: string;
      readonly keptFreeShare: number;
      /** The most that a file of unknown size may have. */
      readonly limitBytes: number;
      readonly into: ByteSink | undefined;
    }
  | { readonly type: 'reject'; readonly code: TransferErrorCode; readonly reason: string };

/** Says before the first byte whether a file is wanted; may ask a person. */
export type ReceivePolicy = (offer: OfferedFile) => Decision | Promise<Decision>;

export interface ReceivePolicyOptions {
  /** Larger offers are refused; also lifts the rule that some of the disk stays free. */
  readonly maxSizeBytes?: number | undefined;
  /** Default: everything is wanted, under its own name. The name that it answers is made storable. */
  readonly onOffer?: ((offer: OfferedFile) => ReceiveAnswer | Promise<ReceiveAnswer>) | undefined;
  readonly platform: NamePlatform;
}

/** Share of the disk that a receive leaves free unless `maxSizeBytes` bounds it (PRODUCT §4). */
export const KEPT_FREE_SHARE = 0.05;

/** The policy of an endpoint without a person to ask. */
export function createReceivePolicy(options: ReceivePolicyOptions): ReceivePolicy {
  const { maxSizeBytes, onOffer, platform } = options;
  return async (offer) => {
    const refusal = refusedName(offer.name);
    if (refusal !== undefined) return reject(refusal);
    if (maxSizeBytes !== undefined && offer.offeredBytes > maxSizeBytes) {
      const { offeredBytes } = offer;
      return reject(`over --max-size (${offeredBytes} bytes offered, ${maxSizeBytes} allowed)`);
    }
    const { refuse, into, storedName: wanted = offer.name } = (await onOffer?.(offer)) ?? {};
    if (refuse !== undefined) return reject(refuse);
    if (into !== undefined && offer.kind === 'folder') {
      into.abort(new TransferError('refused', NO_FOLDER));
      return reject(NO_FOLDER);
    }
    const storedName = storedNameOf(wanted, platform);
    // A prefix cannot make a good name bad; a caller's own function can.
    const badStoredName = refusedName(storedName);
    if (badStoredName !== undefined) return reject(badStoredName);
    const keptFreeShare = maxSizeBytes === undefined ? KEPT_FREE_SHARE : 0;
    const limitBytes = maxSizeBytes ?? MAX_SIZE_BYTES;
    return { type: 'accept', storedName, keptFreeShare, limitBytes, into };
  };
}

const NO_FOLDER = 'only a file can go into a stream: send a tar of the folder';

function reject(reason: string): Decision {
  return { type: 'reject', code: 'refused', reason };
}

/** Of what is asked, or answered, when nobody waits for it any more. */
export function isOver(): TransferError {
  return new TransferError('cancelled', 'the transfer is over');
}

/** Whoever answers when the transfer is over is not waited for; a stream that they name hears of it. */
export async function answered(
  asked: Decision | Promise<Decision>,
  signal: AbortSignal,
): Promise<Decision> {
  let onAbort = (): void => undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      reject(isOver());
    };
    signal.addEventListener('abort', onAbort);
  });
  const decision = Promise.resolve(asked);
  try {
    return await Promise.race([decision, stopped]);
  } catch (error) {
    void decision.then(
      (late) => {
        if (late.type === 'accept') late.into?.abort(isOver());
      },
      () => undefined,
    );
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
