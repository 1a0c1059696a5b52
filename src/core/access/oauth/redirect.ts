/** Apps of a desktop that are known to take codes by a scheme of their own; any other could be a script, or everybody's. */
const APP_SCHEMES = ['cursor:', 'vscode:', 'vscode-insiders:'];
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const URI_MAX = 1_000;

/**
 * Whether a code may be taken there at all: over TLS, to a program of the person's own machine, or to an app that has its
 * scheme (RFC 8252). Never with a fragment, nor with a password, which would hide whose address it is.
 */
export function isRedirect(text: string): boolean {
  if (text.length > URI_MAX || text.includes('#') || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username || password) return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname)) || isApp(protocol);
}

/** Character by character; a program on this machine takes whatever port is free (RFC 8252, section 7.3). */
export function isAmong(registered: readonly string[], given: string): boolean {
  if (!isRedirect(given)) return false;
  return registered.some((one) => one === given || isSameButPort(one, given));
}

/** For people: who will have the code. */
export function hostOf(redirect: string): string {
  const { protocol, host, hostname } = new URL(redirect);
  if (LOOPBACK.test(hostname)) return 'this computer';
  return isApp(protocol) ? `the app ${protocol.slice(0, -1)}` : host;
}

function isApp(protocol: string): boolean {
  return APP_SCHEMES.includes(protocol);
}

function isSameButPort(one: string, other: string): boolean {
  if (!URL.canParse(one)) return false;
  const [first, second] = [new URL(one), new URL(other)];
  if (first.protocol !== 'http:' || !LOOPBACK.test(first.hostname)) return false;
  first.port = '';
  second.port = '';
  return first.href === second.href;
}
