const WELL_KNOWN = (
  'gmail.com googlemail.com hotmail.com hotmail.es hotmail.fr hotmail.it hotmail.de hotmail.co.uk yahoo.com yahoo.es yahoo.fr ' +
  'yahoo.de yahoo.it yahoo.co.uk yahoo.com.mx yahoo.com.br outlook.com outlook.es live.com msn.com icloud.com me.com mac.com aol.com ' +
  'gmx.de gmx.net gmx.at web.de t-online.de proton.me protonmail.com orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it ' +
  'mail.ru yandex.ru qq.com 163.com 126.com uol.com.br bol.com.br terra.com.br ymail.com rocketmail.com zoho.com fastmail.com mail.com email.com gmx.com'
).split(' ');
const KNOWN = new Set(WELL_KNOWN);
/** Those that are misspelt, by a letter or two. */
const MISSPELT = [
  'gmail.com',
  'hotmail.com',
  'yahoo.com',
  'outlook.com',
  'icloud.com',
  'live.com',
  'googlemail.com',
  'protonmail.com',
  'web.de',
  'hotmail.es',
  'hotmail.fr',
  'yahoo.es',
  'yahoo.fr',
  'outlook.es',
  'aol.com',
];
const ROLES = new Set(
  'noreply no-reply donotreply do-not-reply abuse postmaster mailer-daemon hostmaster webmaster root spam bounce bounces unsubscribe privacy security admin administrator nobody'.split(
    ' ',
  ),
);
const DISPOSABLE = new Set(
  (
    'mailinator.com guerrillamail.com guerrillamail.net sharklasers.com 10minutemail.com 10minutemail.net tempmail.com temp-mail.org ' +
    'tempmail.net yopmail.com yopmail.fr trashmail.com trashmail.de getnada.com nada.email dispostable.com maildrop.cc fakeinbox.com ' +
    'throwawaymail.com mintemail.com mytemp.email moakt.com emailondeck.com tempinbox.com spamgourmet.com mailnesia.com mohmal.com ' +
    'discard.email wegwerfmail.de einrot.com byom.de grr.la mailcatch.com tempr.email inboxkitten.com burnermail.io spam4.me tmpmail.org minuteinbox.com'
  ).split(' '),
);

/** Said of each domain once: a file has a hundred of them and a million addresses. */
const judged = new Map<string, string | undefined>();
const MOST_JUDGED = 5_000;

/** Why an address that can be used perhaps should not be, as it stands. */
export function emailDoubt(key: string): string | undefined {
  const at = key.lastIndexOf('@');
  const domain = key.slice(at + 1);
  if (!KNOWN.has(domain)) {
    let doubt = judged.get(domain);
    if (doubt === undefined && !judged.has(domain)) {
      doubt = domainDoubt(domain);
      if (judged.size < MOST_JUDGED) judged.set(domain, doubt);
    }
    if (doubt !== undefined) return doubt;
  }
  const local = key.slice(0, at);
  if (ROLES.has(local)) return `${local}@ is a mailbox of a program or an office, and nobody's own`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII is what most are
  if (!/^[\x00-\x7f]*$/.test(local) && isMixed(local))
    return 'letters of two scripts are mixed in it, which look alike: copy it anew';
  return undefined;
}

function domainDoubt(domain: string): string | undefined {
  if (DISPOSABLE.has(domain)) return `${domain} gives out addresses for ten minutes`;
  const labels = domain.split('.');
  const near =
    MISSPELT.find((right) => isNear(domain, right)) ??
    (['con', 'cmo', 'ocm', 'comm', 'coom', 'vom', 'xom', 'cpm'].includes(labels.at(-1)!)
      ? `${labels.slice(0, -1).join('.')}.com`
      : undefined);
  return near === undefined ? undefined : `${domain} looks like a misspelling of ${near}`;
}

/** One letter more, less, other or in the wrong place. */
function isNear(given: string, right: string): boolean {
  if (given === right || Math.abs(given.length - right.length) > 1) return false;
  let from = 0;
  while (from < given.length && given[from] === right[from]) from += 1;
  let back = 0;
  while (back < Math.min(given.length, right.length) - from && given.at(-1 - back) === right.at(-1 - back))
    back += 1;
  const [a, b] = [given.slice(from, given.length - back), right.slice(from, right.length - back)];
  return (
    (a.length <= 1 && b.length <= 1) || (a.length === 2 && b.length === 2 && a[0] === b[1] && a[1] === b[0])
  );
}

function isMixed(local: string): boolean {
  return /\p{Script=Latin}/u.test(local) && /[\p{Script=Cyrillic}\p{Script=Greek}]/u.test(local);
}
