import type { EndpointOptions, TransferEndpoint } from './io/transfer-endpoint.ts';
import { UdpTransferEndpoint } from './io/udp-transfer-endpoint.ts';

/**
 * An endpoint on one UDP port that sends and receives files. Rejects with a `TransferError` when the
 * port cannot be used. Several may live in one process.
 */
export async function createEndpoint(options: EndpointOptions = {}): Promise<TransferEndpoint> {
  return UdpTransferEndpoint.create(options);
}

export { TransferError, transferErrorCodes } from './files/transfer-error.ts';
export type { TransferErrorCode } from './files/transfer-error.ts';
export type {
  Introduction,
  SocketAddress,
  Transfer,
  TransferProgress,
  TransferResult,
  TransferState,
} from './files/transfer.ts';
export type {
  CongestionName,
  EndpointOptions,
  Offer,
  SendRequest,
  TransferEndpoint,
} from './io/transfer-endpoint.ts';
