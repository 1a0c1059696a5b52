import { isIPv4 } from 'node:net';

/** Whether what is said to this host never leaves the machine. A name counts only where nobody can point it elsewhere. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
}
