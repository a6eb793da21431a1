import {
  CloseCode,
  type CloseReason,
  type Endpoint,
  plainIntroduction,
  type TransportConnection,
  type TransportEvent,
  type TransportIntroduction,
} from '../../src/transfer/core/index.ts';
import type { Network, SimNode } from './network.ts';
import { READ_INTERVAL_US, StreamSide } from './stream-side.ts';
import type { Interval } from './wire-elements.ts';

/** How often `raiseCredit` is asked again while there is no room. */
const RAISE_AGAIN_US = 100_000;
/** How long a busy peer is left alone, and how often it is asked in all. */
const OPEN_AGAIN_US = 500_000;
const MAX_OPENS = 200;
/** How long whoever has confirmed everything waits for CLOSE after its last byte is acknowledged. */
const WAIT_FOR_CLOSE_US = 5_000_000;

/** What each side of a connection is given of one introduction. */
export interface SidesIntroduced {
  readonly opener: TransportIntroduction;
  readonly responder: TransportIntroduction;
}

/** A stream each way over one connection. */
export interface StreamPlan {
  readonly opener: SimNode<Endpoint>;
  readonly responder: SimNode<Endpoint>;
  /** From opener to responder. */
  readonly bytes: number;
  /** From responder to opener; default 0. */
  readonly replyBytes?: number;
  readonly startAtUs?: number;
  /** How fast the responder reads; default at once. */
  readonly readBytesPerSec?: number;
  /** How fast the opener reads. */
  readonly replyReadBytesPerSec?: number;
  /** When the responder does not read, or the opener not write: a disk that stalls. */
  readonly readPauses?: readonly Interval[];
  readonly writePauses?: readonly Interval[];
  /** Most that is written at once; default 64 KiB. */
  readonly chunkBytes?: number;
  /** Never call `raiseCredit`: the opening's 64 KiB have to do. Default false. */
  readonly isCreditKept?: boolean;
}

/** A plan and how it goes. */
export interface StreamRun {
  readonly plan: StreamPlan;
  /** Of the last attempt. */
  keyId: string;
  /** Attempts to open, one more for each time that the other side was busy. */
  openCount: number;
  readonly opener: StreamSide;
  readonly responder: StreamSide;
}

/**
 * Streams over connections, each byte checked.
 *
 * The streams end as files do: the responder's FIN says that it has read everything, the opener's
 * CLOSE that it has heard so. Who never hears the CLOSE ends by itself, and has succeeded too.
 */
export class Workload {
  readonly runs: StreamRun[] = [];
  readonly #network: Network;
  readonly #introduce: (keyId: string) => SidesIntroduced;
  readonly #byKey: Map<string, StreamRun> = new Map();
  /** By opener and what its `open` returned. */
  readonly #byHandle: Map<string, StreamRun> = new Map();
  readonly #seen: Set<SimNode<Endpoint>> = new Set();
  #openCount = 0;

  constructor(network: Network, introduce: (keyId: string) => SidesIntroduced = introducePlainly) {
    this.#network = network;
    this.#introduce = introduce;
  }

  get isDone(): boolean {
    return this.#openCount === 0;
  }

  add(plan: StreamPlan): StreamRun {
    const network = this.#network;
    const index = this.runs.length;
    const [there, back] = [network.seed + 2 * index, network.seed + 2 * index + 1];
    const { bytes, replyBytes = 0, readBytesPerSec = Infinity } = plan;
    const replyReadBytesPerSec = plan.replyReadBytesPerSec ?? Infinity;
    const run: StreamRun = {
      plan,
      keyId: '',
      openCount: 0,
      opener: new StreamSide(
        { seed: there, bytes, pauses: plan.writePauses ?? [] },
        { seed: back, bytes: replyBytes, bytesPerSec: replyReadBytesPerSec, pauses: [] },
      ),
      responder: new StreamSide(
        { seed: back, bytes: replyBytes, pauses: [] },
        { seed: there, bytes, bytesPerSec: readBytesPerSec, pauses: plan.readPauses ?? [] },
      ),
    };
    this.runs.push(run);
    this.#openCount += 2;
    for (const node of [plan.opener, plan.responder]) this.#listen(node);
    network.at(plan.startAtUs ?? 0, plan.responder, (nowUs) => {
      this.#open(run, nowUs);
    });
    return run;
  }

  /** Each attempt has an introduction of its own, as the chat server would make it. */
  #open(run: StreamRun, nowUs: number): void {
    const { opener, responder } = run.plan;
    run.openCount++;
    run.keyId = (this.#byKey.size + 1).toString(16).padStart(16, '0');
    this.#byKey.set(run.keyId, run);
    const introduced = this.#introduce(run.keyId);
    if (!responder.transport.expect(introduced.responder, nowUs))
      this.#network.fail('too many expected');
    this.#network.at(nowUs, opener, (openAtUs) => {
      const handle = opener.transport.open(introduced.opener, [responder.address], openAtUs);
      this.#byHandle.set(`${opener.name}/${handle}`, run);
    });
  }

  /** Runs to the end of every stream, then until no connection or timer is left. */
  runToEnd(): void {
    this.#network.run(() => this.isDone);
    this.#network.run(() => [...this.#seen].every((node) => isEmpty(node)));
  }

  #listen(node: SimNode<Endpoint>): void {
    if (this.#seen.has(node)) return;
    this.#seen.add(node);
    node.application = (event, nowUs) => {
      this.#onEvent(node, event, nowUs);
    };
  }

  #onEvent(node: SimNode<Endpoint>, event: TransportEvent, nowUs: number): void {
    if (event.type === 'unopened') {
      this.#onUnopened(node, event.handle, event.reason, nowUs);
      return;
    }
    const { connection } = event;
    const run = this.#byKey.get(connection.keyId);
    if (run === undefined) this.#network.fail('a connection that nobody planned');
    const side = connection.isOpener ? run.opener : run.responder;
    switch (event.type) {
      case 'opened':
        side.connection = connection;
        side.openedAtUs = nowUs;
        if (run.plan.isCreditKept !== true) this.#raiseCredit(node, connection);
        this.#pump(run, side, nowUs);
        return;
      case 'writable':
        this.#pump(run, side, nowUs);
        return;
      case 'readable':
        this.#read(node, run, side, nowUs);
        return;
      case 'sent':
        side.isSent = true;
        if (!connection.isOpener) this.#closeLater(node, run, side, nowUs);
        return;
      case 'closed':
        this.#onClosed(run, side, event.reason, nowUs);
        return;
      default:
        return;
    }
  }

  #onUnopened(node: SimNode, handle: number, { code, reason }: CloseReason, nowUs: number): void {
    const run = this.#byHandle.get(`${node.name}/${handle}`)!;
    if (code !== CloseCode.busy || run.openCount > MAX_OPENS) {
      this.#network.fail(`${node.name} could not open: ${code} ${reason}`);
    }
    this.#network.at(nowUs + OPEN_AGAIN_US, run.plan.responder, (laterUs) => {
      this.#open(run, laterUs);
    });
  }

  #raiseCredit(node: SimNode, connection: TransportConnection): void {
    if (connection.isClosed || connection.raiseCredit()) return;
    this.#network.at(this.#network.nowUs + RAISE_AGAIN_US, node, () => {
      this.#raiseCredit(node, connection);
    });
  }

  #pump(run: StreamRun, side: StreamSide, nowUs: number): void {
    if (side.isWriting || side.connection!.isClosed) return;
    const writesAtUs = side.writesAtUs(nowUs);
    if (writesAtUs > nowUs) {
      side.isWriting = true;
      this.#network.at(writesAtUs, run.plan.opener, (laterUs) => {
        side.isWriting = false;
        this.#pump(run, side, laterUs);
      });
      return;
    }
    if (!side.pump(run.plan.chunkBytes ?? Infinity)) return;
    if (side === run.opener || side.isReadFinished) {
      side.connection!.flush();
      side.connection!.finish();
    } else side.connection!.flush();
  }

  #read(node: SimNode, run: StreamRun, side: StreamSide, nowUs: number): void {
    const connection = side.connection!;
    if (side.isReading || connection.isClosed) return;
    const readsAtUs = side.readsAtUs(nowUs);
    if (readsAtUs > nowUs) {
      side.isReading = true;
      this.#network.at(readsAtUs, node, (laterUs) => {
        side.isReading = false;
        this.#read(node, run, side, laterUs);
      });
      return;
    }
    side.readsAgainAtUs = nowUs + READ_INTERVAL_US;
    const wrong = side.read(Math.ceil((side.readBytesPerSec * READ_INTERVAL_US) / 1e6));
    if (wrong !== undefined) this.#network.fail(`stream ${run.keyId}: ${wrong}`);
    if (connection.isReadFinished) this.#onReadFinished(run, side, nowUs);
    else if (connection.readableBytes > 0) this.#read(node, run, side, nowUs);
  }

  #onReadFinished(run: StreamRun, side: StreamSide, nowUs: number): void {
    if (side.isReadFinished) return;
    side.isReadFinished = true;
    side.readFinishedAtUs = nowUs;
    if (side === run.opener) side.connection!.close(CloseCode.ok, '');
    else this.#pump(run, side, nowUs);
  }

  #closeLater(node: SimNode, run: StreamRun, side: StreamSide, nowUs: number): void {
    const readingUs = Math.ceil((run.opener.expectedBytes / run.opener.readBytesPerSec) * 1e6);
    const waitUs = WAIT_FOR_CLOSE_US + 2 * readingUs;
    this.#network.at(nowUs + waitUs, node, () => {
      if (!side.connection!.isClosed) side.connection!.close(CloseCode.ok, '');
    });
  }

  #onClosed(run: StreamRun, side: StreamSide, reason: CloseReason, nowUs: number): void {
    side.closeReason = reason;
    side.closedAtUs = nowUs;
    this.#openCount--;
    if (reason.code === CloseCode.ok && side.isReadFinished) return;
    // Confirmed everything and never heard that this was heard.
    const isLastWord = side === run.responder && run.opener.isReadFinished;
    if (isLastWord && reason.code === CloseCode.vanished) return;
    const who = side === run.opener ? 'opener' : 'responder';
    this.#network.fail(
      `stream ${run.keyId}: the ${who} ended with ${reason.code} ${reason.reason} ` +
        `after ${side.readBytes} of ${side.expectedBytes} bytes`,
    );
  }
}

function introducePlainly(keyId: string): SidesIntroduced {
  const introduction = plainIntroduction(keyId);
  return { opener: introduction, responder: introduction };
}

/** Whether an endpoint holds nothing any more: no connection, opening, introduction or memory. */
export function isEmpty({ transport }: SimNode<Endpoint>): boolean {
  return (
    transport.connectionCount === 0 &&
    transport.openingCount === 0 &&
    transport.expectedCount === 0 &&
    transport.halfOpenCount === 0 &&
    transport.ledger.grantedBytes === 0 &&
    transport.ledger.accountCount === 0 &&
    transport.pool.lentCount === 0
  );
}
