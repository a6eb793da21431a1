import type dgram from 'node:dgram';

/** Asked of the kernel; what it grants is read back (DESIGN §6). */
export const WANTED_RECEIVE_BUFFER_BYTES = 4_194_304;
export const WANTED_SEND_BUFFER_BYTES = 1_048_576;
/** Asking stops here: below it every kernel's default is larger. */
const LEAST_ASKED_BYTES = 131_072;

/**
 * Asks for large socket buffers. Linux grants what its limit allows; macOS refuses all of what is
 * over its limit, so less is asked until it agrees. Never fails: the default buffer remains.
 */
export function askForBuffers(socket: dgram.Socket): void {
  askFor(WANTED_RECEIVE_BUFFER_BYTES, (byteCount) => {
    socket.setRecvBufferSize(byteCount);
  });
  askFor(WANTED_SEND_BUFFER_BYTES, (byteCount) => {
    socket.setSendBufferSize(byteCount);
  });
}

function askFor(wantedBytes: number, ask: (byteCount: number) => void): void {
  for (let byteCount = wantedBytes; byteCount >= LEAST_ASKED_BYTES; byteCount /= 2) {
    try {
      ask(byteCount);
      return;
    } catch {
      // Over the limit: half of it is asked next.
    }
  }
}

/**
 * What to tell a person whose kernel granted less receive buffer than was asked: a sender paces
 * around it, but a busy receiver loses less with more. Undefined when there is nothing to say.
 *
 * @param grantedBytes as read back from the socket; Linux says twice what may be asked for, because
 *   it counts its own bookkeeping (socket(7), SO_RCVBUF)
 */
export function receiveBufferAdvice(
  grantedBytes: number,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const askableBytes = platform === 'linux' ? grantedBytes / 2 : grantedBytes;
  if (askableBytes >= WANTED_RECEIVE_BUFFER_BYTES) return undefined;
  const remedy = remedies[platform];
  const fact = `the kernel granted ${askableBytes} of ${WANTED_RECEIVE_BUFFER_BYTES} bytes of receive buffer`;
  return remedy === undefined ? fact : `${fact}; \`${remedy}\` allows more`;
}

const remedies: Partial<Record<NodeJS.Platform, string>> = {
  linux: `sysctl -w net.core.rmem_max=${WANTED_RECEIVE_BUFFER_BYTES}`,
  // Of the limit an eighth is bookkeeping; one size serves both directions.
  darwin: `sysctl -w kern.ipc.maxsockbuf=${2 * WANTED_RECEIVE_BUFFER_BYTES}`,
};
