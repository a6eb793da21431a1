import { exitCodes } from '../report/exit-codes.ts';
import { formatBytes } from '../text/measures.ts';
import { safeLine, safeText, type SafeText } from '../text/safe-text.ts';
import { BASE_DATAGRAM_BYTES } from '../transfer/diagnosis.ts';
import { type Finding, note, ok, problem } from './finding.ts';
import { judgeDisk } from './judge-disk.ts';
import type { InterfaceFact, LocalFacts } from './local-facts.ts';

/** package.json, `engines`. */
const LEAST_NODE_MAJOR = 20;
/** From here on `zlib.crc32` is there; before, a packet's checksum takes ten times as long. */
const FAST_CRC_VERSION: readonly [number, number] = [20, 15];
/** The engine, the hash of a whole file and the shell run on threads of their own. */
const COMFORTABLE_CORE_COUNT = 2;
/** Round trips and pacing are counted in microseconds; the granularity of loss detection is 2 ms. */
const COARSE_CLOCK_NS = 1_000_000;
/** Before this program was: a clock that was never set. */
const LEAST_WALL_MS = Date.UTC(2025, 0, 1);
/** What every Ethernet carries. */
const ETHERNET_MTU_BYTES = 1500;
/** IPv6 and UDP headers: the larger family. */
const HEADER_BYTES = 48;
/** Interfaces below this cannot carry the base datagram over both families. */
const LEAST_MTU_BYTES = BASE_DATAGRAM_BYTES + HEADER_BYTES;
/** Interfaces that are named. */
const MAX_NAMED = 6;

/** What there is to say of this machine, a finding for each check, in the order of the report. */
export function judgeLocal(facts: LocalFacts): Finding[] {
  return [
    judgeNode(facts),
    judgeCpu(facts),
    judgeClock(facts),
    judgeBuffers(facts),
    judgeMtu(facts),
    judgeDisk(facts.disk),
  ];
}

function judgeNode({ nodeVersion }: LocalFacts): Finding {
  const facts = { version: nodeVersion };
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  if (major < LEAST_NODE_MAJOR) {
    const text = safeLine`Node ${nodeVersion} is too old: ${LEAST_NODE_MAJOR} or later is needed`;
    return problem('node', exitCodes.internal, text, [INSTALL_NODE], facts);
  }
  const [fastMajor, fastMinor] = FAST_CRC_VERSION;
  if (major === fastMajor && minor < fastMinor) {
    const text = safeLine`Node ${nodeVersion} has no checksum of its own: each packet costs more of the CPU`;
    return note('node', text, [INSTALL_NODE], facts);
  }
  return ok('node', safeLine`Node ${nodeVersion}`, facts);
}

const INSTALL_NODE = safeText('install a later Node: https://nodejs.org, or your package manager');

function judgeCpu({ coreCount }: LocalFacts): Finding {
  const facts = { coreCount };
  if (coreCount >= COMFORTABLE_CORE_COUNT) {
    return ok('cpu', safeLine`${coreCount} cores for this process`, facts);
  }
  const text = safeText(
    '1 core for this process: network, disk and checksums wait for each other, and the CPU may be the limit',
  );
  return note('cpu', text, [safeText('give it a second core, if there is one')], facts);
}

function judgeClock({ clock, platform }: LocalFacts): Finding {
  const { monotonicStepNs, wallMs } = clock;
  const facts = { monotonicStepNs, wallMs };
  if (wallMs < LEAST_WALL_MS) {
    const date = new Date(wallMs).toISOString().slice(0, 10);
    const text = safeLine`the wall clock says ${date}: times of messages and files will be wrong; transfers do not need it`;
    return note('clock', text, [SET_CLOCK[platform] ?? SET_CLOCK_ANYWHERE], facts);
  }
  if (monotonicStepNs >= COARSE_CLOCK_NS) {
    const text = safeLine`the monotonic clock makes steps of ${(monotonicStepNs / 1e6).toFixed(1)} ms: round trips cannot be told apart, and sending becomes bursts`;
    return note('clock', text, [COARSE_CLOCK], facts);
  }
  const text = safeLine`monotonic in steps of ${monotonicStepNs} ns; the wall clock says ${new Date(wallMs).toISOString().slice(0, 16)}Z (compared with no other)`;
  return ok('clock', text, facts);
}

const SET_CLOCK_ANYWHERE = safeText('set the clock of this machine');
const SET_CLOCK: Partial<Record<NodeJS.Platform, SafeText>> = {
  linux: safeText('sudo timedatectl set-ntp true'),
  darwin: safeText('sudo sntp -sS time.apple.com'),
  win32: safeText('w32tm /resync (as administrator)'),
};
const COARSE_CLOCK = safeText(
  'a virtual machine: choose another clock source for it (Linux: /sys/devices/system/clocksource)',
);

function judgeBuffers({ buffers, socketError = '', platform }: LocalFacts): Finding {
  if (buffers === undefined) {
    const text = safeLine`no UDP socket can be had here (${socketError}): nothing can be sent or received`;
    return problem('buffers', exitCodes.internal, text, [NO_SOCKET]);
  }
  const { receiveBytes, wantedReceiveBytes, sendBytes, wantedSendBytes } = buffers;
  const facts = { receiveBytes, wantedReceiveBytes, sendBytes, wantedSendBytes };
  const isReceiveSmall = receiveBytes < wantedReceiveBytes;
  const isSendSmall = sendBytes < wantedSendBytes;
  const granted = safeLine`${formatBytes(receiveBytes)} to receive, ${formatBytes(sendBytes)} to send`;
  if (!isReceiveSmall && !isSendSmall) {
    return ok('buffers', safeLine`${granted}: as much as is asked for`, facts);
  }
  const wants = [
    ...(isReceiveSmall ? [`${formatBytes(wantedReceiveBytes)} to receive`] : []),
    ...(isSendSmall ? [`${formatBytes(wantedSendBytes)} to send`] : []),
  ];
  const meaning = isReceiveSmall
    ? 'a busy receiver loses datagrams that it must be sent again'
    : 'a fast sender has to wait for the kernel more often';
  const text = safeLine`the kernel grants ${granted}, and ${wants.join(' and ')} would be better: ${meaning}`;
  return note('buffers', text, bufferSteps(platform, isReceiveSmall, isSendSmall, buffers), facts);
}

const NO_SOCKET = safeText(
  'look at the limits of this user (ulimit -n) and at the sandbox it runs in',
);

/** The limit that each direction meets has a setting of its own on Linux, and one for both on macOS. */
function bufferSteps(
  platform: NodeJS.Platform,
  isReceiveSmall: boolean,
  isSendSmall: boolean,
  { wantedReceiveBytes, wantedSendBytes }: NonNullable<LocalFacts['buffers']>,
): SafeText[] {
  if (platform === 'darwin') {
    // Of the limit an eighth is bookkeeping; one size serves both directions.
    return [safeLine`sudo sysctl -w kern.ipc.maxsockbuf=${2 * wantedReceiveBytes}`];
  }
  if (platform !== 'linux') return [safeText('nothing is known that would give more here')];
  const receive = isReceiveSmall ? [`net.core.rmem_max=${wantedReceiveBytes}`] : [];
  const send = isSendSmall ? [`net.core.wmem_max=${wantedSendBytes}`] : [];
  const settings = [...receive, ...send];
  return [
    safeLine`sudo sysctl -w ${settings.join(' ')}`,
    safeText('to keep it: the same settings in /etc/sysctl.d/updraft.conf, one a line'),
  ];
}

function judgeMtu({ interfaces }: LocalFacts): Finding {
  const facts = {
    interfaces: interfaces.map(({ name }) => name),
    leastMtuBytes: leastMtuOf(interfaces),
  };
  if (interfaces.length === 0) {
    const text = safeText(
      'no interface leads out of this machine: only programs on it can be reached',
    );
    return note('mtu', text, [safeText('connect it to a network')], facts);
  }
  const tooSmall = interfaces.filter(({ mtuBytes = Infinity }) => mtuBytes < LEAST_MTU_BYTES);
  if (tooSmall.length > 0) {
    const text = safeLine`${named(tooSmall)}: packets of ${LEAST_MTU_BYTES} bytes are the least that is sent, so they go in fragments there, which many networks drop`;
    const step = safeLine`sudo ip link set dev ${tooSmall[0]!.name} mtu ${LEAST_MTU_BYTES} (or more, if the network behind it carries it)`;
    return note('mtu', text, [step], facts);
  }
  const small = interfaces.filter(({ mtuBytes = Infinity }) => mtuBytes < ETHERNET_MTU_BYTES);
  if (small.length > 0) {
    const text = safeLine`${named(small)}: smaller than Ethernet's ${ETHERNET_MTU_BYTES}, as of a tunnel or VPN; the size is found by itself`;
    return ok('mtu', text, facts);
  }
  return ok('mtu', named(interfaces), facts);
}

function leastMtuOf(interfaces: readonly InterfaceFact[]): number | undefined {
  const known = interfaces.flatMap(({ mtuBytes }) => (mtuBytes === undefined ? [] : [mtuBytes]));
  return known.length === 0 ? undefined : Math.min(...known);
}

function named(interfaces: readonly InterfaceFact[]): SafeText {
  const words = interfaces
    .slice(0, MAX_NAMED)
    .map(({ name, mtuBytes }) => `${name} ${mtuBytes ?? '(the system does not tell)'}`);
  const more = interfaces.length - words.length;
  return safeLine`${words.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
