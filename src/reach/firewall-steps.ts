import { safeLine, type SafeText, safeText } from '../text/safe-text.ts';

/** How a machine lets datagrams to `port` in, by whichever firewall it has. */
export function letInSteps(port: number): SafeText[] {
  return [
    safeLine`there, if it has ufw: sudo ufw allow ${port}/udp`,
    safeLine`firewalld: sudo firewall-cmd --add-port=${port}/udp`,
    safeLine`nftables: sudo nft insert rule inet filter input udp dport ${port} accept`,
    safeLine`Windows: netsh advfirewall firewall add rule name=updraft dir=in action=allow protocol=UDP localport=${port}`,
  ];
}

/** The same in one line, for a machine of this platform; of any when it is not known. */
export function letInLine(port: number, platform?: NodeJS.Platform): SafeText {
  const windows = `netsh advfirewall firewall add rule name=updraft dir=in action=allow protocol=UDP localport=${port}`;
  if (platform === 'win32') return safeText(windows);
  if (platform === 'darwin') {
    return safeText('System Settings, Network, Firewall: allow incoming connections for node');
  }
  const linux = `sudo ufw allow ${port}/udp (firewalld: sudo firewall-cmd --add-port=${port}/udp; nftables: sudo nft insert rule inet filter input udp dport ${port} accept`;
  return safeText(platform === undefined ? `${linux}; Windows: ${windows})` : `${linux})`);
}

/** How this machine lets in, in one line, what comes from `address` and `port`. */
export function letAnswersInLine(
  address: string,
  port: number,
  platform: NodeJS.Platform,
): SafeText {
  if (platform === 'win32') {
    return safeLine`netsh advfirewall firewall add rule name=updraft dir=in action=allow protocol=UDP remoteip=${address} remoteport=${port}`;
  }
  if (platform === 'darwin') return safeLine`look at its rules: sudo pfctl -s rules`;
  const family = address.includes(':') ? 'ip6' : 'ip';
  return safeLine`sudo ufw allow proto udp from ${address} port ${port} (nftables: sudo nft insert rule inet filter input ${family} saddr ${address} udp sport ${port} accept)`;
}

/** How this machine lets datagrams to `port` out. */
export function letOutSteps(port: number, platform: NodeJS.Platform): SafeText[] {
  if (platform === 'win32') {
    return [
      safeLine`netsh advfirewall firewall add rule name=updraft dir=out action=allow protocol=UDP remoteport=${port}`,
    ];
  }
  if (platform === 'darwin') return [safeLine`look at its rules: sudo pfctl -s rules`];
  return [
    safeLine`here, if it has ufw: sudo ufw allow out ${port}/udp`,
    safeLine`nftables: sudo nft insert rule inet filter output udp dport ${port} accept`,
  ];
}
