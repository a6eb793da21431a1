import { safeLine, type SafeText } from '../text/safe-text.ts';

/** How a machine lets datagrams to `port` in, by whichever firewall it has. */
export function letInSteps(port: number): SafeText[] {
  return [
    safeLine`there, if it has ufw: sudo ufw allow ${port}/udp`,
    safeLine`firewalld: sudo firewall-cmd --add-port=${port}/udp`,
    safeLine`nftables: sudo nft insert rule inet filter input udp dport ${port} accept`,
    safeLine`Windows: netsh advfirewall firewall add rule name=updraft dir=in action=allow protocol=UDP localport=${port}`,
  ];
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
