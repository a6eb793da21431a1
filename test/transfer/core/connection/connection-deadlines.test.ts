import { expect, test } from 'vitest';
import type { Connection } from '../../../../src/transfer/core/connection/connection.ts';
import { CloseCode } from '../../../../src/transfer/core/transport.ts';
import { content, Exchange, readAll, SECOND_US, type Side } from '../exchange.ts';

/** Whatever a connection does, the endpoint knows of a deadline that became earlier by it. */

const NO_TRANSMIT = { buffer: new Uint8Array(2_000), length: 0, to: { address: '', port: 0 } };

/** Fails where a deadline would be looked at too late; all are looked at after that. */
function audit(side: Side): void {
  side.endpoint.deadlines.audit(() => true);
}

/** Something is on its way from b to a, and unread there. */
function busy(): Exchange {
  const exchange = Exchange.opened();
  exchange.b.connection.write(content(60_000));
  exchange.run(SECOND_US / 10);
  audit(exchange.a);
  return exchange;
}

const commands: Readonly<Record<string, (connection: Connection, side: Side) => void>> = {
  write: (connection) => {
    connection.write(content(10_000));
  },
  'write more than the credit': (connection) => {
    connection.write(content(1_000_000));
  },
  finish: (connection) => {
    connection.finish();
  },
  consume: (connection) => {
    readAll(connection);
  },
  'raise credit': (connection) => {
    connection.raiseCredit();
  },
  'expect its peer': (connection) => {
    connection.expectPeer();
  },
  ping: (connection) => {
    connection.ping();
  },
  'close at once': (connection) => {
    connection.close(CloseCode.cancelled, '');
  },
  'close when all is acknowledged': (connection, side) => {
    connection.write(content(10_000));
    audit(side);
    connection.close(CloseCode.ok, '');
  },
  'move to another address': (connection) => {
    connection.moveTo({ address: '10.0.0.9', port: 9 });
  },
};

test.each(Object.keys(commands))(
  '%s: no deadline is late after it, nor after each packet',
  (name) => {
    const { a, nowUs } = busy();
    commands[name]!(a.connection, a);
    audit(a);
    let count = 0;
    while (a.endpoint.pollTransmit(NO_TRANSMIT, nowUs)) {
      audit(a);
      count++;
    }
    expect(count).toBeLessThan(100);
  },
);
