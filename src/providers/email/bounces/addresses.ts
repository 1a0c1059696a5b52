import type { BounceMail } from './read-mail.ts';

/** An address in any text; bounded as RFC 5321 bounds it. */
const ADDRESS =
  /(?<![\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-])(?:"[^"\s\\]{1,62}"|[\p{L}\p{N}!#$%&'*+/=?^_`{|}~][\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]{0,127})@(?:\[[0-9a-f.:]{3,45}\]|[\p{L}\p{N}](?:[\p{L}\p{N}_-]{0,62}[\p{L}\p{N}])?(?:\.[\p{L}\p{N}_-]{1,63}){0,12})/giu;

const MOST_SEARCHED = 20_000;
const MOST_FOUND = 100;
const MOST_LINE = 1_000;

export function addressesIn(text: string): string[] {
  const found: string[] = [];
  for (const [address] of text.slice(0, MOST_SEARCHED).matchAll(ADDRESS)) {
    found.push(clean(address));
    if (found.length >= MOST_FOUND) break;
  }
  return found;
}

function clean(address: string): string {
  return address
    .replace(/[.'_-]+$/, '')
    .replace(/^(?:smtp|mailto|rfc822)[=:;]/i, '')
    .replace(/^['`/]+/, '');
}

/** One of each, whatever its case, as it was first written. */
export function distinct(addresses: Iterable<string>): string[] {
  const seen = new Map<string, string>();
  for (const address of addresses)
    if (!seen.has(address.toLowerCase())) seen.set(address.toLowerCase(), address);
  return [...seen.values()];
}

/** Value of a header of the message that came back, unfolded; the first. */
export function returnedHeader(returned: string, name: string): string {
  const lines = returned.split('\n');
  const at = lines.findIndex((line) => line.slice(0, name.length + 1).toLowerCase() === `${name}:`);
  if (at < 0) return '';
  let value = lines[at]!.slice(name.length + 1);
  for (const line of lines.slice(at + 1, at + 100)) {
    if (!/^[ \t]/.test(line)) break;
    value += line;
  }
  return value.trim();
}

/** Whom a bounce names without meaning them: who gets it. */
const GETS_IT = ['to', 'delivered-to', 'envelope-to', 'x-original-to'];
/** And who gave it back, which is the recipient itself where a mailbox answers in its own name. */
const GAVE_IT = ['from', 'sender', 'reply-to', 'return-path', 'errors-to'];
const SENT = ['from', 'sender', 'reply-to', 'return-path', 'errors-to', 'x-sender'];

function bystanders(mail: BounceMail, names: readonly string[]): ReadonlySet<string> {
  const texts = [
    ...names.flatMap((name) => mail.header(name)),
    ...SENT.map((name) => returnedHeader(mail.returned, name)),
  ];
  return new Set(texts.flatMap(addressesIn).map((address) => address.toLowerCase()));
}

const SERVERS = /^(?:postmaster|mailer-daemon|mail-daemon|mdaemon|abuse|hostmaster|noreply|no-reply)@/i;
const LINE_OF_OTHERS =
  /^[\s>]*(?:from|sender|message-?id|reply-to|return-path|reporting-mta|in-reply-to|references|received|x-[a-z-]+|cc)\s*:|message[- ]?id|mts-id|postmaster|contact|questions|forward/i;

/** Whom free text says that it could not reach, by the ways in which servers write it, the clear ones first. */
export function recipientsOf(mail: BounceMail): string[] {
  // A server that hands on what it cannot deliver may have left the recipient's own address in a header.
  for (const names of [[...GETS_IT, ...GAVE_IT], GETS_IT, ['to']]) {
    const found = recipientsBut(bystanders(mail, names), mail);
    if (found.length > 0) return found;
  }
  return [];
}

function recipientsBut(others: ReadonlySet<string>, mail: BounceMail): string[] {
  const isMeant = (address: string) =>
    address.includes('@') && !others.has(address.toLowerCase()) && !SERVERS.test(address);
  const among = (texts: readonly string[]) => distinct(texts.flatMap(addressesIn).filter(isMeant));
  const failed = distinct(mail.header('x-failed-recipients').flatMap(addressesIn));
  if (failed.length > 0) return failed;
  const lines = mail.notice.split('\n', 400).map((line) => line.slice(0, MOST_LINE));
  // Who was written to, rather than where a server forwarded it.
  const before = among(lines.flatMap((line) => EXPANDED.exec(line)?.[1] ?? []));
  if (before.length > 0) return before;
  for (const form of FORMS) {
    const found = among(lines.flatMap((line) => form.exec(line)?.[1] ?? []));
    if (found.length > 0) return found;
  }
  const named = among(
    lines
      .filter((line) => !LINE_OF_OTHERS.test(line))
      .map((line) => line.replace(/\bfrom:? +<?\S+@\S+/gi, '')),
  );
  const sentTo = among(
    ['to', 'x-original-to', 'delivered-to', 'envelope-to', 'x-rcpt-to'].map((name) =>
      returnedHeader(mail.returned, name),
    ),
  );
  if (named.length === 0) {
    // A server gave somebody back what they had written to themselves, or to a list under their name.
    const self = lines.flatMap((line) => /^<([^\s<>]+@[^\s<>]+)>:/.exec(line)?.[1] ?? []);
    if (self.length > 0) return distinct(self);
  }
  // One that is named in both is meant; else the only one that is named in either.
  const both = named.filter((one) => sentTo.some((other) => other.toLowerCase() === one.toLowerCase()));
  if (both.length > 0) return both;
  if (named.length > 0) return named.slice(0, 1);
  const bySubject = among(mail.header('subject'));
  if (bySubject.length > 0) return bySubject.slice(0, 1);
  return sentTo.length === 1 ? sentTo : among([/\bfor <([^>]+)>/.exec(mail.returned)?.[1] ?? '']);
}

const EXPANDED = /\((?:expanded|ultimately generated|generated) from:? *<?([^\s<>()]+@[^\s<>()]+)/i;

/** A line, and where in it the address stands. */
const FORMS: readonly RegExp[] = [
  /^[ \t>*.]*(?:final|original|failed|undeliverable|intended)?[- ]?(?:recipient(?:s)?|addressee)(?:'s)?(?: address| name| e-?mail| with errors?)?(?: is)?[ \t]*:[ \t]*(\S.*)$/i,
  /^[ \t>*-]*<?((?:smtp:|rfc822;)?[^\s<>()]+@[^\s<>()]+?)>?(?: \([^()]*\))?[ \t]*(?::.*|\.{3}.*|;.*|,)?$/i,
  /RCPT TO: ?<?([^\s<>]+@[^\s<>]+)/i,
  /^[ \t]*<?([^\s<>()]+@[^\s<>()]+?)>? on (?:mon|tue|wed|thu|fri|sat|sun)/i,
  /dda:SMTP=([^\s;]+)/i,
  /did not reach the following recipients?:[ \t]*<?([^\s<>]+@[^\s<>]+)/i,
  /^[ \t]*[>*-]+[ \t]*<?([^\s<>]+@[^\s<>]+)/,
  /^[ \t]*<([^\s<>]+@[^\s<>]+)>/,
  /\baddressed(?: to)?[ :,'"<(]+([^\s<>'"()]+@[^\s<>'"(),]+)/i,
  /^[ \t]{2,}(?:\S.{0,60} )?<?([^\s<>]+@[^\s<>]+)>?[ \t]*$/,
  /(?:deliver(?:ed|y|ing)?|message|mail|sent|send|reach(?:ed|ing)?)\b.{0,60}\b(?:to|for|at)\b[ :]+<?([^\s<>]+@[^\s<>]+)/i,
  /(?:user|recipient|mailbox|address|account)(?: is)?[ :'"<(]+([^\s<>'"()]+@[^\s<>'"()]+)/i,
];
