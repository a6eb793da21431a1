import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CREDENTIALS, temporaryFolder } from '../chat/server-fixture.ts';
import { putTestKey, TEST_FINGERPRINT } from '../chat/test-key.ts';
import { makeRoutedLink } from '../loopback/routed-link.ts';
import { changedProgram, type ProgramChange } from './changed-program.ts';
import { UpdProcess } from './upd-process.ts';

const PORT = 6000;

/** The other side is asked after 4 s, DOC takes 5, an OPEN comes again after up to 4: all that is patience. */
const impatient: readonly ProgramChange[] = [
  ['chat/opening-comparer.ts', 'COMPARE_AFTER_MS = 4_000', 'COMPARE_AFTER_MS = 800'],
  ['transfer/io/ticket/ticket-probe.ts', 'PROBE_OPEN_MS = 5_000', 'PROBE_OPEN_MS = 800'],
  ['transfer/io/ticket/ticket-probe.ts', 'PING_COUNT = 50', 'PING_COUNT = 5'],
  ['transfer/core/opening.ts', 'MAX_RESEND_US = 4_000_000', 'MAX_RESEND_US = 250_000'],
  ['reach/port-knock.ts', 'KNOCK_INTERVAL_MS = 250', 'KNOCK_INTERVAL_MS = 20'],
];

function nft(namespace: string, rule: string): number | null {
  return spawnSync('ip', ['netns', 'exec', namespace, 'nft', ...rule.split(' ')]).status;
}

const probe = makeRoutedLink({ nearBytes: 1500, farBytes: 1500 });
/** Whether links and rules can be made here. */
const isAble = probe !== undefined && nft(probe.receiving, 'list tables') === 0;
probe?.remove();

test.skipIf(!isAble)(
  'behind a firewall that drops their UDP port both sides are told so, and the command that they are told lets the file in (needs root, ip and nft)',
  async () => {
    const link = makeRoutedLink({ nearBytes: 1500, farBytes: 1500 })!;
    onTestFinished(() => {
      link.remove();
    });
    for (const rule of [
      'add table inet filter',
      'add chain inet filter input { type filter hook input priority 0 ; }',
      `add rule inet filter input udp dport ${PORT} drop`,
    ]) {
      expect(nft(link.receiving, rule)).toBe(0);
    }
    const program = changedProgram(...impatient);
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'credentials.txt'), CREDENTIALS);
    putTestKey(dir);
    const server = new UpdProcess(
      ['server', '0', '3', '--host', '0.0.0.0', '--dir', dir],
      {},
      { program, namespace: link.router },
    );
    const serverPort = /:(\d+)$/.exec(await server.see('Server is running on'))![1]!;
    const inbox = temporaryFolder();
    const enter = async (user: string, namespace: string, host: string): Promise<UpdProcess> => {
      const flags = ['--inbox', inbox, '--fingerprint', TEST_FINGERPRINT];
      const args = ['client', host, serverPort, `${PORT}`, ...flags];
      const client = new UpdProcess(
        args,
        { XDG_STATE_HOME: temporaryFolder() },
        { program, namespace },
      );
      client.type(user, `${user}-pw`);
      await client.see('active');
      return client;
    };
    const [jess, derek] = await Promise.all([
      enter('jess', link.receiving, link.farRouter),
      enter('derek', link.sending, link.nearRouter),
    ]);
    const file = join(temporaryFolder(), 'plans.pdf');
    writeFileSync(file, 'what a firewall keeps out');
    derek.type(`UPD jess '${file}'`, 'DOC jess');

    const none =
      /^jess saw none of our \d+ datagrams: a firewall there, or the router before it, most likely blocks UDP port 6000\.$/;
    expect(await derek.warned('jess saw')).toMatch(none);
    expect(await derek.warned('→')).toContain(`sudo ufw allow ${PORT}/udp`);
    expect(await derek.see('jess saw')).toMatch(none);
    expect(await jess.warned('derek sends to you')).toMatch(
      /nothing arrives here \(\d+ datagrams to 198\.51\.100\.1:6000\): a firewall of this machine/,
    );
    const command = /nftables: sudo nft ([^;)]*)/.exec(await jess.warned('→'))![1]!;
    expect(nft(link.receiving, command)).toBe(0);
    // The transfer goes on trying: nobody sends it again.
    await derek.see('plans.pdf has been delivered to jess');
    expect(readFileSync(join(inbox, 'derek_plans.pdf'), 'utf8')).toBe('what a firewall keeps out');
    derek.type('DOC jess');
    expect(await derek.see('answers over UDP')).toContain('datagrams of up to 1472 bytes pass');
  },
);
