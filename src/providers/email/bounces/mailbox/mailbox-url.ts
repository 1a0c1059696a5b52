import { TidingsError } from '../../../../errors.ts';
import { isLoopback } from '../../../is-loopback.ts';
import { type Hidden, hide } from '../../../redact-secrets.ts';

/** `BOUNCE_MAILBOX_URL`, taken apart. The password stays in here: no message, mark or log line ever holds it. */
export interface MailboxAccess {
  readonly protocol: 'imap' | 'pop3';
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (RFC 8314). */
  readonly isSecure: boolean;
  readonly user: string;
  readonly password: string;
  /** The folder that is read; POP3 knows none but this one. */
  readonly folder: string;
  /** Where mail goes that was taken in; null: it is deleted. */
  readonly doneFolder: string | null;
  /** What the server is told in confidence: none of its words may bring that back. */
  readonly hidden: readonly Hidden[];
}

const PORTS: Readonly<Record<string, number>> = {
  'imap:': 143,
  'imaps:': 993,
  'pop3:': 110,
  'pop3s:': 995,
};
const FIX =
  'Set BOUNCE_MAILBOX_URL to imaps://user:password@mail.example.com or pop3s://…; a folder other than INBOX follows ' +
  'as a path. Characters such as # / @ : in the user or password are written percent-encoded.';

/** @throws TidingsError `configuration`, which never shows the password */
export function parseMailboxUrl(text: string): MailboxAccess {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw wrong('is not a URL');
  const port = PORTS[url.protocol];
  if (port === undefined) throw wrong(`begins with "${url.protocol}//"`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (host === '') throw wrong('names no host');
  const isSecure = url.protocol === 'imaps:' || url.protocol === 'pop3s:';
  if (!isSecure && !isLoopback(host))
    throw wrong(`would show the password to whoever is on the way to ${host}`);
  const [user, password] = [decode(url.username), decode(url.password)];
  if (user === '' || password === '') throw wrong(`has no ${user === '' ? 'user' : 'password'}`);
  if (/\p{Cc}/u.test(user + password)) throw wrong('has a control character in its user or password');
  const protocol = url.protocol.startsWith('imap') ? 'imap' : 'pop3';
  const path = decode(url.pathname.replace(/^\/|\/$/g, ''));
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'move');
  if (unknown !== undefined) throw wrong(`has "${unknown}" behind its "?", where only "move" can stand`);
  const doneFolder = url.searchParams.get('move') || null;
  if (protocol === 'pop3' && (path !== '' || doneFolder !== null))
    throw wrong('names a folder, and POP3 has none');
  const folder = path === '' ? 'INBOX' : path;
  if (folder === doneFolder) throw wrong(`moves mail from ${folder} to ${folder}`);
  return {
    protocol,
    host,
    port: url.port === '' ? port : Number(url.port),
    isSecure,
    user,
    password,
    folder,
    doneFolder,
    hidden: [hide(`\0${user}\0${password}`, '(login)'), hide(password, '(password)'), hide(user, '(user)')],
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('has a "%" that is not percent-encoding');
  }
}

function wrong(what: string): TidingsError {
  return new TidingsError('configuration', `BOUNCE_MAILBOX_URL ${what}.`, { fix: FIX });
}
