/**
 * One side of a transfer by a stream of udx-native, which has no handshake: both know ids and ports.
 *
 *     udx recv|send OWN-ADDRESS OWN-PORT PEER-ADDRESS PEER-PORT FILE BYTES PACKAGE
 *
 * PACKAGE is the folder of the package, which is no dependency of the project.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { createRequire } from 'node:module';
import { nowNs, say } from './spoken.ts';

interface UdxStream extends NodeJS.ReadWriteStream {
  connect(socket: UdxSocket, id: number, port: number, address: string): void;
}
interface UdxSocket {
  bind(port: number, address: string): void;
  close(): Promise<void>;
}
type Udx = new () => { createSocket(): UdxSocket; createStream(id: number): UdxStream };

const PIECE_BYTES = 262_144;
const [role, address, port, peerAddress, peerPort, path, bytes, folder] = process.argv.slice(2);
const UDX = createRequire(`${folder!}/`)(folder!) as Udx;
const udx = new UDX();
const socket = udx.createSocket();
socket.bind(Number(port), address!);
const [ownId, peerId] = role === 'send' ? [1, 2] : [2, 1];
const stream = udx.createStream(ownId);
const startNs = nowNs();
stream.connect(socket, peerId, Number(peerPort), peerAddress!);
stream.on('error', (error: Error) => {
  console.error(error.message);
});
stream.on('close', () => void socket.close());
if (role === 'send') {
  say({ t_start: startNs });
  createReadStream(path!, { highWaterMark: PIECE_BYTES }).pipe(stream);
  stream.resume();
} else {
  const file = createWriteStream(path!, { flags: 'r+', highWaterMark: PIECE_BYTES });
  file.on('finish', () => {
    if (file.bytesWritten === Number(bytes)) say({ t_end: nowNs() });
    stream.end();
  });
  stream.pipe(file);
  console.log('READY');
}
