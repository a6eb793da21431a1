/** `HOST:PORT`, an IPv6 address in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The same as part of a file name: colons of IPv6 addresses may not stand there everywhere. */
export function hostAndPortInFileName(host: string, port: number): string {
  return `${encodeURIComponent(host.toLowerCase())}_${port}`;
}
