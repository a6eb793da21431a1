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
