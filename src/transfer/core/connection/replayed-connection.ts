import type { Path } from '../path/path.ts';
import { type PacketKind, PacketKind as Kind, SentPackets } from '../recovery/sent-packets.ts';
import type { DecodedAck } from '../wire/codec.ts';
import type { ConnectionTrace } from './connection-trace.ts';
import { Flight } from './sending/flight.ts';
import { type AcknowledgedStream, LossRecovery } from './sending/loss-recovery.ts';
import { MarkSchedule } from './sending/mark-schedule.ts';
import { ProbeTimer } from './sending/probe-timer.ts';
import { MAX_SENT_PACKETS } from './sending/sender.ts';

/** A numbered packet that left, as a trace tells it. */
export interface ReplayedPacket {
  readonly number: number;
  readonly kind: 'data' | 'ping' | 'mtuProbe' | 'pathChallenge';
  readonly sizeBytes: number;
}

/**
 * The loss recovery of a connection whose packets are those of a recording: what leaves and what is
 * acknowledged is given, and what becomes of it is decided here, by the code that decides it in a
 * connection. No window and no pacer holds anything back.
 */
export class ReplayedConnection {
  readonly #path: Path;
  readonly #sent: SentPackets;
  readonly #flight: Flight;
  readonly #mark: MarkSchedule;
  readonly #recovery: LossRecovery;
  #lost: number[] = [];

  constructor(path: Path, firstPacketNumber: number) {
    this.#path = path;
    this.#sent = new SentPackets(firstPacketNumber, MAX_SENT_PACKETS);
    this.#flight = new Flight(this.#sent, path);
    this.#mark = new MarkSchedule(firstPacketNumber);
    const onLost: ConnectionTrace['onLost'] = (packetNumber) => this.#lost.push(packetNumber);
    this.#recovery = new LossRecovery(path, {
      ...{ sent: this.#sent, flight: this.#flight, stream: unfollowed },
      ...{ timer: new ProbeTimer(), mark: this.#mark, trace: { ...untold, onLost } },
    });
  }

  get smoothedRttUs(): number {
    return this.#path.rtt.smoothedUs;
  }

  /** When packets will be lost without any further ACK; Infinity when none will. */
  get lossTimeUs(): number {
    return this.#recovery.lossTimeUs;
  }

  /** What a MARK has told the peer. */
  set maxAckDelayUs(delayUs: number) {
    this.#mark.maxAckDelayUs = delayUs;
  }

  /** False where no connection would have sent it: its number is used up, or far away. */
  send({ number, kind, sizeBytes }: ReplayedPacket, nowUs: number): boolean {
    const sent = this.#sent;
    if (number < sent.nextNumber || number - sent.nextNumber > MAX_SKIPPED) return false;
    while (sent.nextNumber < number) {
      if (!this.#hasRoom()) return false;
      sent.skip();
    }
    if (!this.#hasRoom()) return false;
    sent.add(nowUs, sizeBytes, kinds[kind], 0, 0, false);
    this.#flight.onSent(number, nowUs);
    return true;
  }

  /** The numbers that are declared lost now; undefined when it acknowledges what was never sent. */
  acknowledge(ack: DecodedAck, nowUs: number): readonly number[] | undefined {
    const isTaken = this.#recovery.handleAck(ack, nowUs);
    const lost = this.#takeLost();
    return isTaken ? lost : undefined;
  }

  /** `lossTimeUs` has come: the numbers that are declared lost now. */
  handleLossTimeout(nowUs: number): readonly number[] {
    this.#recovery.handleLossTimeout(nowUs);
    return this.#takeLost();
  }

  #takeLost(): readonly number[] {
    const lost = this.#lost;
    this.#lost = [];
    return lost;
  }

  #hasRoom(): boolean {
    return !this.#sent.isFull || this.#sent.forceForgetOldestLost();
  }
}

/** A sender leaves one number out now and then, never many in a row. */
const MAX_SKIPPED = 1;

const kinds: Readonly<Record<ReplayedPacket['kind'], PacketKind>> = {
  data: Kind.data,
  ping: Kind.ping,
  mtuProbe: Kind.mtuProbe,
  pathChallenge: Kind.pathChallenge,
};

const unfollowed: AcknowledgedStream = {
  acknowledged: 0,
  creditOffset: 0,
  raiseCredit: () => false,
  onAcked: () => undefined,
  onLost: () => undefined,
};

const nothing = (): void => undefined;
const untold: ConnectionTrace = {
  ...{ onSent: nothing, onReceived: nothing, onLost: nothing, onSpuriousLoss: nothing },
  ...{ onProbeTimeout: nothing, onStanding: nothing, onHold: nothing, onStall: nothing },
  ...{ onMoved: nothing, onEnd: nothing },
};
