import type { TransportConnection } from '../core/transport.ts';
import { RecordReader } from '../secure/record-reader.ts';
import { RecordWriter } from '../secure/record-writer.ts';
import { recordsOf } from '../secure/sealed-session.ts';
import { closeCodeOf } from './close-meaning.ts';
import { encodeFailure, MessageType } from './records/message.ts';
import { cleanReason } from './records/reason.ts';
import { TransferError } from './transfer-error.ts';

/** How a peer learns that a transfer has failed: from a record, in order; from CLOSE, at once; not by us. */
export type Telling = 'reject' | 'fail' | 'close' | 'nothing';

/** Takes one record; `body` is a view that is valid until it returns. */
export type OnRecord = (type: number, body: Uint8Array) => void;

/**
 * One side's records over an open connection, and the ways to end it. What breaks the link comes back
 * as the error with which the transfer fails.
 */
export class PeerLink {
  readonly connection: TransportConnection;
  readonly writer: RecordWriter;
  readonly #reader: RecordReader;
  readonly #peerRole: 'sender' | 'receiver';

  constructor(connection: TransportConnection, peerRole: 'sender' | 'receiver') {
    const cipher = recordsOf(connection.session);
    this.connection = connection;
    this.writer = new RecordWriter(connection, cipher);
    this.#reader = new RecordReader(connection, cipher);
    this.#peerRole = peerRole;
  }

  /** Hands on what has arrived as long as `canRead`; an error when the peer broke the framing. */
  read(canRead: () => boolean, onRecord: OnRecord): TransferError | undefined {
    while (canRead()) {
      const verdict = this.#reader.read(onRecord);
      if (verdict === 'violation') return this.violation('a broken record');
      if (verdict === 'unopened') {
        const reason = `a record is not what the ${this.#peerRole} sealed`;
        return new TransferError('integrity', reason);
      }
      if (verdict === 'none') break;
    }
    return undefined;
  }

  /** The peer said FIN, and all before it was read. */
  get isReadFinished(): boolean {
    return this.connection.isReadFinished;
  }

  /** The peer has all that was said to it, if not read it. */
  get isAllAcknowledged(): boolean {
    return this.connection.acknowledgedBytes === this.writer.writtenBytes;
  }

  /** The error of a peer that says FIN before its part is done. */
  endedEarly(): TransferError {
    return new TransferError('integrity', `the ${this.#peerRole} ended before it was done`);
  }

  violation(what: string): TransferError {
    return new TransferError('protocol', `the ${this.#peerRole} broke the protocol: ${what}`);
  }

  write(type: number, body: Uint8Array): void {
    this.writer.write(type, body);
  }

  /** The end of a turn. */
  flush(): void {
    this.connection.flush();
  }

  tell(how: Telling, error: TransferError): void {
    if (how === 'close') this.close(error);
    else if (how !== 'nothing') this.sayLast(MessageType[how], error);
  }

  /** Says why it ends, in order behind what was sent, and FIN. */
  sayLast(
    type: typeof MessageType.reject | typeof MessageType.fail,
    { code, message }: TransferError,
  ): void {
    this.write(type, encodeFailure({ code, reason: message }));
    this.flush();
    this.connection.finish();
  }

  /** Says why it ends at once, before what is still on its way. */
  close({ code, message }: TransferError): void {
    this.connection.close(closeCodeOf(code), cleanReason(message));
  }
}
