import { isIPv4 } from 'node:net';
import { isLoopback } from '../../../providers/is-loopback.ts';
import { isPublicAddress } from '../../../public-address.ts';
import { bad, type Check, good, warning } from '../check.ts';
import { type DmarcReading, readDmarc } from './dmarc.ts';
import { isReserved, type Names } from './names.ts';
import { readSpf } from './spf.ts';

/** What mail leaves with. */
export interface MailDomain {
  /** Of `EMAIL_FROM`, in ASCII. */
  readonly from: string;
  /** What bounces come back to; null: to `from`, or to a provider. */
  readonly bounces: string | null;
  /** Of the keys that sign here; empty: the relay or provider may sign. */
  readonly signing: readonly string[];
  /** Null where a provider sends, which has its own envelope. */
  readonly relayHost: string | null;
}

const asked = (name: string, domain: string): Check => ({
  name,
  ok: null,
  detail: `the name servers did not tell about ${domain}`,
});

/** What receivers look up about whoever sends, as they look it up. Nothing here is about one message. */
export async function checkDomain(mail: MailDomain, names: Names): Promise<Check[]> {
  if (isReserved(mail.from)) {
    const detail = `${mail.from} is a name for examples, which no name server knows: nothing to look up`;
    return [{ name: 'email domain', ok: null, detail }];
  }
  const [dmarc, own] = await Promise.all([readDmarc(mail.from, names), ownRelay(mail, names)]);
  const checks = await Promise.all([
    mail.relayHost === null ? [] : checkSpf(mail, own, names),
    checkDmarc(mail, dmarc, names),
    checkMailHosts('email answers', mail.from, names),
    mail.bounces === null || mail.bounces === mail.from
      ? []
      : checkMailHosts('bounce domain', mail.bounces, names),
    ...own.map((address) => checkReverse(address, names)),
    checkBlockLists(dmarc?.organization ?? mail.from, own, names),
  ]);
  const all = checks.flat();
  // One line where nobody could be asked, and not one for each question.
  return all.every(({ ok }) => ok === null) ? [asked('email domain', mail.from)] : all;
}

/** The addresses of a relay of the sender's own, as far as its name shows; that of others is theirs to look after. */
async function ownRelay({ relayHost, from }: MailDomain, names: Names): Promise<string[]> {
  if (relayHost === null || isLoopback(relayHost)) return [];
  const under = from.split('.').slice(-2).join('.');
  if (relayHost !== under && !relayHost.endsWith(`.${under}`)) return [];
  return ((await names.addresses(relayHost)) ?? []).filter(isPublicAddress);
}

async function checkSpf(mail: MailDomain, own: readonly string[], names: Names): Promise<Check> {
  const name = 'email spf';
  const domain = mail.bounces ?? mail.from;
  const [address = null] = own;
  const spf = await readSpf(domain, names, address);
  if (spf === null) return asked(name, domain);
  const [first] = spf.faults;
  if (spf.record === null)
    return bad(
      name,
      `${domain} has no SPF record: receivers cannot tell your mail from a forger’s`,
      `Add a TXT record at ${domain}: ${address === null ? 'v=spf1 include:YOUR-PROVIDER ~all, with what your provider of mail says' : `v=spf1 ${isIPv4(address) ? 'ip4' : 'ip6'}:${address} ~all`}`,
    );
  if (first !== undefined)
    return bad(
      name,
      `the SPF record of ${domain} cannot be used: ${first}`,
      `Mend the TXT record at ${domain}, now ${spf.record}`,
    );
  if (spf.all === '+')
    return bad(
      name,
      `the SPF record of ${domain} lets everybody send (+all)`,
      `End the TXT record at ${domain} with ~all or -all.`,
    );
  if (spf.covers === false)
    return bad(
      name,
      `the SPF record of ${domain} does not name ${address}, the address of ${mail.relayHost}`,
      `Add ${isIPv4(address!) ? 'ip4' : 'ip6'}:${address} to the TXT record at ${domain}, now ${spf.record}`,
    );
  if (spf.all === null || spf.all === '?')
    return warning(
      name,
      `the SPF record of ${domain} says nothing about others: it proves little`,
      `End the TXT record at ${domain} with ~all.`,
    );
  if (spf.usesPtr)
    return warning(
      name,
      `the SPF record of ${domain} uses "ptr", which many receivers pass over`,
      'Name the addresses instead.',
    );
  const covers = spf.covers === null ? '' : `, and names ${address}`;
  return good(
    name,
    `${domain} has an SPF record, which takes ${spf.lookups} of 10 questions to read${covers}`,
  );
}

async function checkDmarc(mail: MailDomain, dmarc: DmarcReading | null, names: Names): Promise<Check[]> {
  const name = 'email dmarc';
  if (dmarc === null) return [asked(name, mail.from)];
  const { organization, at, tags, policy, doubled } = dmarc;
  const [twice] = doubled;
  if (at === null)
    return [
      bad(
        name,
        twice === undefined
          ? `${mail.from} has no DMARC record: Gmail, Yahoo and Outlook refuse bulk mail without one`
          : `there is more than one DMARC record at ${twice}: receivers take none`,
        `${twice === undefined ? 'Add a' : 'Leave one'} TXT record at _dmarc.${organization}: v=DMARC1; p=none; rua=mailto:dmarc@${organization}`,
      ),
    ];
  const unaligned = await withoutAlignment(mail, dmarc, names);
  if (unaligned !== null) return [unaligned];
  const outside = await unauthorised(organization, tags.get('rua') ?? '', names);
  if (outside !== null)
    return [
      warning(
        name,
        `${outside.host} does not take reports about ${organization}: they get lost`,
        `Add a TXT record at ${outside.at}: v=DMARC1`,
      ),
    ];
  const gone = ['pct', 'rf', 'ri'].filter((tag) => tags.has(tag));
  const note =
    gone.length === 0 ? '' : `; ${gone.join(', ')} mean nothing any more (RFC 9989) and can be taken out`;
  const reports = tags.has('rua') ? '' : ', and nobody is sent reports';
  return [
    good(name, `the record at ${at} asks for ${policy} where mail is not from ${mail.from}${reports}${note}`),
  ];
}

/** DMARC wants the domain that signed, or that of the envelope, to be of the same owner as the one in From. */
async function withoutAlignment(
  { from, bounces, signing }: MailDomain,
  { organization, tags }: DmarcReading,
  names: Names,
): Promise<Check | null> {
  // Whoever signs elsewhere is not seen from here.
  if (signing.length === 0 && (bounces === null || bounces === from)) return null;
  const isAligned = async (domain: string, mode: string | undefined) => {
    if (domain === from) return true;
    if (mode === 's') return false;
    return (await readDmarc(domain, names))?.organization === organization;
  };
  const domains = [
    ...signing.map((domain) => isAligned(domain, tags.get('adkim'))),
    ...(bounces === null || bounces === from
      ? [Promise.resolve(true)]
      : [isAligned(bounces, tags.get('aspf'))]),
  ];
  if ((await Promise.all(domains)).includes(true)) return null;
  return bad(
    'email dmarc',
    `neither what signs (${signing.join(', ') || 'nothing here'}) nor what bounces come back to (${bounces ?? from}) belongs to ${from}: DMARC fails`,
    `Set DKIM_DOMAIN to ${from}, or BOUNCE_DOMAIN to a name below ${organization}.`,
  );
}

/** Reports go to another domain only where that says it takes them. */
async function unauthorised(
  organization: string,
  rua: string,
  names: Names,
): Promise<{ host: string; at: string } | null> {
  for (const [, host] of rua.matchAll(/mailto:[^@,\s]+@([^!,\s]+)/gi)) {
    const name = host!.toLowerCase();
    if (name === organization || name.endsWith(`.${organization}`)) continue;
    const at = `${organization}._report._dmarc.${name}`;
    const texts = await names.texts(at);
    if (texts !== null && !texts.some((text) => /^v=DMARC1/i.test(text.trim()))) return { host: name, at };
  }
  return null;
}

async function checkMailHosts(name: string, domain: string, names: Names): Promise<Check> {
  const hosts = await names.mailHosts(domain);
  if (hosts === null) return asked(name, domain);
  const what = name === 'bounce domain' ? 'bounces' : 'answers and bounces';
  if (hosts.length === 0)
    return bad(
      name,
      `${domain} has no MX record: ${what} get lost, and receivers trust it less`,
      `Add an MX record at ${domain} that names the host which takes its mail.`,
    );
  if (hosts.some(({ exchange }) => exchange === '' || exchange === '.'))
    return bad(
      name,
      `${domain} says that it takes no mail (a null MX): ${what} get lost, and receivers refuse its mail`,
      `Name a host in the MX record at ${domain}.`,
    );
  const told = hosts
    .slice()
    .sort((one, other) => one.priority - other.priority)
    .map(({ exchange }) => exchange);
  const found = await Promise.all(told.slice(0, 3).map((host) => names.addresses(host)));
  if (found.every((addresses) => addresses?.length === 0))
    return bad(
      name,
      `${told[0]}, which should take the mail of ${domain}, has no address`,
      `Correct the MX record at ${domain}.`,
    );
  return good(name, `${what} to ${domain} go to ${told.slice(0, 3).join(', ')}`);
}

async function checkReverse(address: string, names: Names): Promise<Check> {
  const name = 'email ptr';
  const hosts = await names.hosts(address);
  if (hosts === null) return asked(name, address);
  const [host] = hosts;
  const fix =
    'Whoever the address is rented from sets it: to the name that the relay gives at EHLO, which has this address itself.';
  if (host === undefined)
    return bad(name, `${address} has no name (PTR): Gmail and others refuse its mail`, fix);
  const back = await names.addresses(host);
  if (back === null) return asked(name, host);
  if (!back.includes(address))
    return bad(
      name,
      `${address} is called ${host}, which has ${back.length === 0 ? 'no address' : 'another one'}`,
      fix,
    );
  return good(name, `${address} is called ${host}, and that is its address`);
}

/** @see https://www.spamhaus.org/faqs/domain-blocklist-dbl: 127.255.255.x says that the question was not answered */
async function checkBlockLists(domain: string, own: readonly string[], names: Names): Promise<Check> {
  const name = 'email block lists';
  const questions = [
    { what: domain, at: `${domain}.dbl.spamhaus.org` },
    ...own.filter(isIPv4).map((address) => ({
      what: address,
      at: `${address.split('.').reverse().join('.')}.zen.spamhaus.org`,
    })),
  ];
  const answers = await Promise.all(questions.map(({ at }) => names.addresses(at)));
  const listed = questions.filter((_, at) => answers[at]?.some((one) => /^127\.0\.[01]\./.test(one)));
  if (listed.length > 0) {
    const what = listed.map((one) => one.what).join(' and ');
    return bad(
      name,
      `${what} ${listed.length === 1 ? 'is' : 'are'} on a block list of Spamhaus: most receivers refuse such mail`,
      `https://check.spamhaus.org/results/?query=${listed[0]!.what} says why, and how to leave it.`,
    );
  }
  const isAnswered = answers.every((one) => one !== null && !one.some((two) => two.startsWith('127.255.')));
  if (!isAnswered)
    return {
      name,
      ok: null,
      detail:
        'Spamhaus does not answer the name servers of this machine: look at https://check.spamhaus.org by hand',
    };
  return good(name, `on no list of Spamhaus: ${questions.map(({ what }) => what).join(', ')}`);
}
