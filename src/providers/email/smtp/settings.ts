import { asciiDomain } from '../../../core/leads/contact.ts';
import { TidingsError } from '../../../errors.ts';
import { type Hidden, hide } from '../../redact-secrets.ts';

/** `SMTP_URL`, taken apart. The password stays in here: no message and no id ever holds it. */
export interface Relay {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (`smtps://`, RFC 8314), rather than STARTTLS when offered (RFC 3207). */
  readonly secure: boolean;
  /** False after `?tls=off`: STARTTLS is not used even when offered. */
  readonly tls: boolean;
  /**
   * What travels together where the server offers PIPELINING (RFC 2920): the commands of one message and nothing behind
   * its final dot (`group`), the next message's as well (`deep`, at a person's word: since the smuggling attacks of 2023
   * many servers drop or refuse that), or each command alone (`off`).
   */
  readonly pipelining: 'group' | 'deep' | 'off';
  readonly auth: {
    readonly user: string;
    /** Null: an access token proves it (XOAUTH2). */
    readonly pass: string | null;
  } | null;
  /** What the relay is told in confidence: none of its words may bring that back. */
  readonly hidden: readonly Hidden[];
}

/** `EMAIL_FROM`, taken apart; the domain is in its ASCII form. */
export interface FromAddress {
  readonly name: string | null;
  readonly address: string;
  readonly domain: string;
}

const URL_FIX =
  'Set SMTP_URL to smtp://user:password@mail.example.com:587 (or smtps://…:465). Characters such as # / @ : in ' +
  'the user or password are written percent-encoded. A plain local server takes smtp://127.0.0.1:1025?tls=off.';
const fromFix = (variable: string) =>
  `Set ${variable} to an address of yours, for example "Marketing Team <news@example.com>".`;

/** The local parts that stand in a header or an SMTP command as they are (dot-atom of RFC 5322, RFC 6531). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it keeps out
const LOCAL_PART = /^[^\s"(),:;<>@[\]\\\u0000-\u0020\u007f-\u009f]{1,64}$/u;
const QUOTED_LOCAL_PART = /^"(?:[ !#-;=?-[\]-~]|\\[\\"])*"$/;
const ASCII = /^[!-~]*$/;

/**
 * @param byToken whether an access token takes the place of the password
 * @throws TidingsError `configuration`, naming the variable and never the password.
 */
export function parseSmtpUrl(url: string, byToken = false): Relay {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed) throw wrong('SMTP_URL is not a URL.', URL_FIX);
  if (parsed.protocol !== 'smtp:' && parsed.protocol !== 'smtps:') {
    throw wrong(`SMTP_URL begins with "${parsed.protocol}//", not with smtp:// or smtps://.`, URL_FIX);
  }
  if (!parsed.hostname) throw wrong('SMTP_URL names no host.', URL_FIX);
  const tls = parsed.searchParams.get('tls');
  if (tls !== null && tls !== 'off') throw wrong('SMTP_URL has a "tls" other than "off".', URL_FIX);
  const pipelining = parsed.searchParams.get('pipelining') ?? 'group';
  if (pipelining !== 'group' && pipelining !== 'deep' && pipelining !== 'off') {
    throw wrong('SMTP_URL has a "pipelining" other than "group", "deep" or "off".', URL_FIX);
  }
  const secure = parsed.protocol === 'smtps:';
  if (secure && tls === 'off') throw wrong('SMTP_URL says smtps:// and tls=off at once.', URL_FIX);
  const user = decode(parsed.username);
  const pass = decode(parsed.password);
  if (byToken) {
    if (user === '' || pass !== '')
      throw wrong(
        `SMTP_URL has ${user === '' ? 'no user' : 'a password'}, and the SMTP_OAUTH_ variables are set.`,
        'With them it names the mailbox alone: smtp://news%40example.com@smtp.gmail.com:587.',
      );
  } else if ((user === '') !== (pass === '')) {
    throw wrong(`SMTP_URL has a ${user ? 'user but no password' : 'password but no user'}.`, URL_FIX);
  }
  return {
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: parsed.port ? Number(parsed.port) : secure ? 465 : 587,
    secure,
    tls: tls !== 'off',
    pipelining,
    auth: user ? { user, pass: byToken ? null : pass } : null,
    hidden: [
      ...(pass ? [hide(`\0${user}\0${pass}`, '(login)'), hide(pass, '(password)')] : []),
      ...(user ? [hide(user, '(user)')] : []),
    ],
  };
}

/** @throws TidingsError `configuration` when the variable (`EMAIL_FROM`, `REPLY_TO`) holds no usable address. */
export function parseEmailFrom(from: string, variable = 'EMAIL_FROM'): FromAddress {
  const match = /^\s*(?:"((?:[^"\\]|\\.)*)"|([^<>"]*?))\s*<([^<>]+)>\s*$/u.exec(from);
  const name = (match?.[1]?.replace(/\\(.)/gu, '$1') ?? match?.[2] ?? '').trim();
  const address = asciiDomainAddress((match?.[3] ?? from).trim());
  if (!address) throw wrong(`${variable} is "${from}", which holds no email address.`, fromFix(variable));
  if (!ASCII.test(address)) {
    throw wrong(
      `${variable} is "${from}": before the @ only ASCII works everywhere.`,
      'Use an address without accents before the @; the display name may hold any language.',
    );
  }
  return { name: name || null, address, domain: address.slice(address.lastIndexOf('@') + 1) };
}

/**
 * The sender's address with its domain in ASCII (`müller@exämple.de` → `müller@xn--exmple-cua.de`, RFC 5891) and its
 * local part as given, which may be quoted. Null when it is no address that could stand in a header. Recipients are
 * read by `normalizeEmail`: what goes over the wire is what they are told apart by.
 */
export function asciiDomainAddress(address: string): string | null {
  const at = address.lastIndexOf('@');
  const local = address.slice(0, Math.max(at, 0));
  if (!LOCAL_PART.test(local) && !(local.length <= 64 && QUOTED_LOCAL_PART.test(local))) return null;
  const domain = asciiDomain(address.slice(at + 1));
  return domain !== null && domain.length <= 255 ? `${local}@${domain}` : null;
}

/** Whether the address needs a server with SMTPUTF8 (RFC 6531). */
export function needsSmtpUtf8(address: string): boolean {
  return !/^[ -~]*$/.test(address);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('SMTP_URL has a "%" in its user or password that is not percent-encoding.', URL_FIX);
  }
}

function wrong(message: string, fix: string): TidingsError {
  return new TidingsError('configuration', message, { fix });
}
