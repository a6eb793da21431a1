/** A process that uses two drivers, closes them, and has nothing left to do. */
import { CreditReceiver, CreditSender } from '../../bench/loopback/credit-window.ts';
import { TransportDriver } from '../../src/transfer/io/udp/transport-driver.ts';
import { UdpPort } from '../../src/transfer/io/udp/udp-port.ts';

const count = 1_000;
const receiving = await UdpPort.bind({ host: '127.0.0.1', port: 0 });
const sending = await UdpPort.bindFree({ host: '127.0.0.1' });
sending.connect(receiving.address);
const sender = new CreditSender({
  to: receiving.address,
  count,
  datagramBytes: 1_400,
  windowDatagrams: 50,
});
const shared = { maxDatagramBytes: 1_400, onEvent: () => undefined };
const receiver = new TransportDriver({
  ...shared,
  port: receiving,
  transport: new CreditReceiver({ count }),
});
let tellTurn: () => void = () => undefined;
const firstTurn = new Promise<void>((resolve) => (tellTurn = resolve));
const driver = new TransportDriver({
  ...shared,
  port: sending,
  transport: sender,
  onTurn: () => {
    tellTurn();
  },
});
driver.wake();
// Its timer is armed then, and datagrams are on their way.
await firstTurn;
await driver.close();
await receiver.close();
console.log('closed');
