import dgram from 'node:dgram';

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

/** What one socket gets of the kernel, in the bytes that a program asks for. */
export interface GrantedBuffers {
  readonly receiveBytes: number;
  readonly wantedReceiveBytes: number;
  readonly sendBytes: number;
  readonly wantedSendBytes: number;
}

/** What a socket of the engine is granted here. Rejects with what the system says of sockets. */
export async function grantedBuffers(
  platform: NodeJS.Platform = process.platform,
): Promise<GrantedBuffers> {
  const socket = dgram.createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, '127.0.0.1', resolve);
    });
    askForBuffers(socket);
    return {
      receiveBytes: askableBytes(socket.getRecvBufferSize(), platform),
      wantedReceiveBytes: WANTED_RECEIVE_BUFFER_BYTES,
      sendBytes: askableBytes(socket.getSendBufferSize(), platform),
      wantedSendBytes: WANTED_SEND_BUFFER_BYTES,
    };
  } finally {
    socket.close();
  }
}

/** Linux says twice what may be asked for, because it counts its own bookkeeping (socket(7), SO_RCVBUF). */
function askableBytes(grantedBytes: number, platform: NodeJS.Platform): number {
  return platform === 'linux' ? grantedBytes / 2 : grantedBytes;
}
