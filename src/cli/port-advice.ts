import { ownNetworks } from '../reach/own-networks.ts';
import { TransferError } from '../transfer/index.ts';

/** Of a port or an address that cannot be had the line names the way out. */
export function withPortAdvice(error: TransferError): TransferError {
  if (!error.message.startsWith('cannot use UDP port')) return error;
  const advice = error.message.endsWith('this machine does not have that address')
    ? `--host takes one of ${ownAddresses().join(', ')}`
    : 'choose another with --port, 0 takes a free one';
  return new TransferError(error.code, `${error.message}; ${advice}`, { cause: error });
}

/** Where others may come in, and whatever there is. */
function ownAddresses(): string[] {
  return [...ownNetworks().map((network) => network.split('/')[0]!), '127.0.0.1', '0.0.0.0 (all)'];
}
