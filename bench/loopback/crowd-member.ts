/**
 * One process of a crowd (`crowd.ts`): an endpoint with an inbox of its own, which is told over the
 * parent's channel whom to expect and what to send.
 */
import { createEndpoint, type Introduction } from 'updraft';

/** What a member is to send. */
export interface Sending {
  readonly introduction: Introduction;
  readonly port: number;
  readonly path: string;
}

export type ToMember =
  | { readonly type: 'expect'; readonly introductions: readonly Introduction[] }
  | { readonly type: 'send'; readonly sendings: readonly Sending[] }
  | { readonly type: 'end' };

/** How a sending ended, in the order of `sendings`. */
export interface Ended {
  /** Milliseconds on the clock that all processes of a machine share. */
  readonly atMs: number;
  readonly retransmittedBytes: number;
  /** Undefined when it was delivered. */
  readonly error?: string;
}

export type FromMember =
  | { readonly type: 'ready'; readonly port: number; readonly publicKey: string }
  | { readonly type: 'expecting' }
  | { readonly type: 'ended'; readonly endings: readonly Ended[] }
  | { readonly type: 'rss'; readonly bytes: number };

/** Milliseconds of a clock that all processes share. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

const inbox = process.env['UPDRAFT_CROWD_INBOX'];
if (inbox !== undefined) await run(inbox);

async function run(folder: string): Promise<void> {
  const endpoint = await createEndpoint({ inbox: folder });
  const tell = (message: FromMember): void => void process.send!(message);

  const send = async ({ introduction, port, path }: Sending): Promise<Ended> => {
    const addresses = [{ address: '127.0.0.1', port }];
    try {
      const transfer = endpoint.send({ introduction, addresses, paths: [path], peer: 'crowd' });
      const { retransmittedBytes } = await transfer.done;
      return { atMs: sharedNowMs(), retransmittedBytes };
    } catch (error) {
      return { atMs: sharedNowMs(), retransmittedBytes: 0, error: String(error) };
    }
  };

  const handle = async (message: ToMember): Promise<void> => {
    switch (message.type) {
      case 'expect':
        for (const introduction of message.introductions) endpoint.expect(introduction, 'crowd');
        tell({ type: 'expecting' });
        return;
      case 'send':
        tell({ type: 'ended', endings: await Promise.all(message.sendings.map(send)) });
        return;
      case 'end':
        tell({ type: 'rss', bytes: process.resourceUsage().maxRSS * 1024 });
        await endpoint.close();
        process.disconnect();
    }
  };
  process.on('message', (message: ToMember) => void handle(message));
  tell({ type: 'ready', port: endpoint.address.port, publicKey: endpoint.publicKey });
}
