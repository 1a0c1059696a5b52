import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { checkDomain, type MailDomain } from './check-domain.ts';
import { checkPublicUrl } from './check-public-url.ts';
import type { Names } from './names.ts';
import { readSpf } from './spf.ts';

interface Zone {
  readonly texts?: Record<string, string | string[]>;
  readonly addresses?: Record<string, string[]>;
  readonly mailHosts?: Record<string, string[]>;
  readonly hosts?: Record<string, string[]>;
}

const namesOf = (zone: Zone): Names & { asked: number } => {
  const names = {
    asked: 0,
    async texts(name: string) {
      names.asked += 1;
      return [zone.texts?.[name] ?? []].flat();
    },
    async addresses(name: string) {
      return zone.addresses?.[name] ?? [];
    },
    async mailHosts(name: string) {
      return (zone.mailHosts?.[name] ?? []).map((exchange, at) => ({ priority: 10 * at, exchange }));
    },
    async hosts(address: string) {
      return zone.hosts?.[address] ?? [];
    },
  };
  return names;
};
const SILENT: Names = {
  texts: async () => null,
  addresses: async () => null,
  mailHosts: async () => null,
  hosts: async () => null,
};

const RELAY = '93.184.216.7';
/** As it should be. */
const GOOD = {
  texts: {
    'shop.mx': 'v=spf1 ip4:93.184.216.0/28 include:_spf.mail.net ~all',
    '_spf.mail.net': 'v=spf1 ip6:2001:db8::/32 -all',
    '_dmarc.shop.mx': 'v=DMARC1; p=quarantine; rua=mailto:dmarc@shop.mx',
    'back.shop.mx': 'v=spf1 ip4:93.184.216.7 -all',
  },
  addresses: { 'mail.shop.mx': [RELAY], 'mx1.shop.mx': ['93.184.216.9'] },
  mailHosts: { 'shop.mx': ['mx1.shop.mx'], 'back.shop.mx': ['mx1.shop.mx'] },
  hosts: { [RELAY]: ['mail.shop.mx'] },
} satisfies Zone;
const MAIL: MailDomain = {
  from: 'shop.mx',
  bounces: 'back.shop.mx',
  signing: ['shop.mx'],
  relayHost: 'mail.shop.mx',
};

/** What is not as it should be. */
async function faults(zone: Zone, mail: Partial<MailDomain> = {}) {
  const checks = await checkDomain({ ...MAIL, ...mail }, namesOf(zone));
  return checks
    .filter(({ ok, isWarning }) => ok === false || isWarning)
    .map(({ name, detail, fix }) => `${name}: ${detail} | ${fix}`);
}
const withTexts = (texts: Zone['texts']): Zone => ({ ...GOOD, texts: { ...GOOD.texts, ...texts } });

describe('the domain that mail comes from', () => {
  it('has nothing to mend where all is as it should be', async () => {
    expect(await faults(GOOD)).toEqual([]);
    const names = (await checkDomain(MAIL, namesOf(GOOD))).map(({ name }) => name);
    expect(names).toEqual([
      'email spf',
      'email dmarc',
      'email answers',
      'bounce domain',
      'email ptr',
      'email block lists',
    ]);
  });

  it.each([
    [{ 'back.shop.mx': [] }, /email spf: back.shop.mx has no SPF record.*v=spf1 ip4:93.184.216.7 ~all/],
    [{ 'back.shop.mx': ['v=spf1 -all', 'v=spf1 ~all'] }, /email spf: .*there are 2 of them/],
    [{ 'back.shop.mx': 'v=spf1 +all' }, /lets everybody send/],
    [
      { 'back.shop.mx': 'v=spf1 ip4:198.51.100.1 -all' },
      /does not name 93.184.216.7.*Add ip4:93.184.216.7 to the TXT/,
    ],
    [{ 'back.shop.mx': 'v=spf1 ip4:93.184.216.7' }, /says nothing about others/],
    [{ 'back.shop.mx': 'v=spf1 ip4:93.184.216.7 ptr -all' }, /uses "ptr"/],
    [{ 'back.shop.mx': 'v=spf1 ip:93.184.216.7 -all' }, /"ip:93.184.216.7" is not of the language/],
    [{ 'back.shop.mx': 'v=spf1 include:gone.net -all' }, /it includes gone.net, which has no SPF record/],
    [{ 'back.shop.mx': 'v=spf1 include:back.shop.mx -all' }, /includes itself/],
    [{ 'back.shop.mx': 'v=spf1 ip4:93.184.216.7 a:x.net a:y.net a:z.net -all' }, /3 of its names are empty/],
    [
      { '_dmarc.shop.mx': [] },
      /email dmarc: shop.mx has no DMARC record.*at _dmarc.shop.mx: v=DMARC1; p=none/,
    ],
    [{ '_dmarc.shop.mx': ['v=DMARC1; p=none', 'v=DMARC1; p=reject'] }, /more than one DMARC record/],
    [
      { '_dmarc.shop.mx': 'v=DMARC1; p=none; rua=mailto:a@reports.net' },
      /reports.net does not take reports.*shop.mx._report._dmarc.reports.net: v=DMARC1/,
    ],
  ])('with %j is told what to add', async (texts, told) => {
    const found = await faults(withTexts(texts as Zone['texts']));
    expect(found).toEqual([expect.stringMatching(told)]);
  });

  it('is read by a tree walk: a record above it counts, and that of a registry does not', async () => {
    const above = withTexts({
      '_dmarc.shop.mx': 'v=DMARC1; p=reject; sp=quarantine',
      '_dmarc.mx': 'v=DMARC1; p=reject; psd=y',
    });
    const [dmarc] = (await checkDomain({ ...MAIL, from: 'news.shop.mx' }, namesOf(above))).filter(
      ({ name }) => name === 'email dmarc',
    );
    expect(dmarc).toMatchObject({
      ok: true,
      detail: expect.stringContaining('_dmarc.shop.mx asks for quarantine'),
    });
    const deep = namesOf(GOOD);
    await checkDomain(
      { ...MAIL, from: 'a.b.c.d.e.f.g.h.i.j.shop.mx', bounces: null, signing: [], relayHost: null },
      deep,
    );
    expect(deep.asked).toBe(8);
  });

  it('must be that of who signs or of the bounces, or below the same owner', async () => {
    expect(await faults(GOOD, { signing: ['other.net'] })).toEqual([]);
    const strict = withTexts({ '_dmarc.shop.mx': 'v=DMARC1; p=none; aspf=s; adkim=s' });
    expect(await faults(strict, { signing: ['other.net'] })).toEqual([
      expect.stringMatching(/neither what signs \(other.net\) nor what bounces.*DKIM_DOMAIN/),
    ]);
    expect(await faults(strict)).toEqual([]);
  });

  it.each([
    [{ mailHosts: { ...GOOD.mailHosts, 'shop.mx': [] } }, /email answers: shop.mx has no MX/],
    [{ mailHosts: { ...GOOD.mailHosts, 'shop.mx': [''] } }, /null MX/],
    [
      { mailHosts: { ...GOOD.mailHosts, 'back.shop.mx': ['gone.net'] } },
      /bounce domain: gone.net.*no address/,
    ],
    [{ hosts: {} }, /email ptr: 93.184.216.7 has no name/],
    [{ hosts: { [RELAY]: ['host7.rented.net'] } }, /is called host7.rented.net, which has no address/],
    [
      { addresses: { ...GOOD.addresses, 'shop.mx.dbl.spamhaus.org': ['127.0.1.2'] } },
      /block lists: shop.mx is on a block list/,
    ],
    [
      { addresses: { ...GOOD.addresses, '7.216.184.93.zen.spamhaus.org': ['127.0.0.4'] } },
      /block lists: 93.184.216.7 is on a block list/,
    ],
  ])('with hosts %j is told what is wrong', async (zone, told) => {
    expect(await faults({ ...GOOD, ...zone })).toEqual([expect.stringMatching(told)]);
  });

  it('is on no block list because a public resolver is refused an answer', async () => {
    const zone = {
      ...GOOD,
      addresses: { ...GOOD.addresses, 'shop.mx.dbl.spamhaus.org': ['127.255.255.254'] },
    };
    const checks = await checkDomain(MAIL, namesOf(zone));
    expect(checks.at(-1)).toMatchObject({ name: 'email block lists', ok: null });
  });

  it('is one line where nobody can be asked, and none of names for examples', async () => {
    expect(await checkDomain(MAIL, SILENT)).toMatchObject([{ name: 'email domain', ok: null }]);
    const names = namesOf(GOOD);
    expect(await checkDomain({ ...MAIL, from: 'shop.example' }, names)).toMatchObject([{ ok: null }]);
    expect(names.asked).toBe(0);
  });
});

describe('an SPF record', () => {
  const spf = (texts: Zone['texts'], address?: string) =>
    readSpf('x.mx', namesOf({ texts: texts! }), address ?? null);

  it('takes as many questions as all that it includes', async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 11 }, (_, at) => [
        at === 0 ? 'x.mx' : `n${at}.net`,
        `v=spf1 include:n${at + 1}.net -all`,
      ]),
    );
    const read = await spf({ ...chain, 'n11.net': 'v=spf1 -all' });
    expect(read).toMatchObject({ lookups: 11, faults: [expect.stringContaining('need 11 questions')] });
    const endless = Object.fromEntries(
      Array.from({ length: 99 }, (_, at) => [
        at === 0 ? 'x.mx' : `n${at}.net`,
        `v=spf1 include:n${at + 1}.net include:n${at + 2}.net include:n${at + 3}.net -all`,
      ]),
    );
    expect((await spf(endless))!.faults.join()).toContain('30 or more');
  });

  it.each([
    ['v=spf1 ip4:192.0.2.0/24 -all', '192.0.2.200', true],
    ['v=spf1 ip4:192.0.2.0/28 -all', '192.0.2.200', false],
    ['v=spf1 ip6:2001:db8::/32 -all', '2001:db8:9::1', true],
    ['v=spf1 ip6:2001:db8::1 -all', '2001:db8::2', false],
    ['V=SPF1 redirect=y.mx', '198.51.100.5', true],
    ['v=spf1 -all ip4:192.0.2.1', '192.0.2.1', false],
    ['v=spf1 exists:%{i}.x.mx a:%{d} ~all', '192.0.2.1', false],
  ])('%s covers %s: %j', async (record, address, covers) => {
    const read = await spf({ 'x.mx': record, 'y.mx': 'v=spf1 ip4:198.51.100.0/24 -all' }, address);
    expect(read).toMatchObject({ covers, faults: [] });
  });
});

describe('PUBLIC_URL', () => {
  const servers: ReturnType<typeof createServer>[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  it('that has no address, or one that nobody outside reaches, is told', async () => {
    expect(await checkPublicUrl('https://news.shop.mx', namesOf({}))).toMatchObject([{ ok: false }]);
    const inside = namesOf({ addresses: { 'news.shop.mx': ['192.168.1.5'] } });
    expect(await checkPublicUrl('https://news.shop.mx', inside)).toMatchObject([
      { ok: false, detail: expect.stringContaining('nobody outside your network') },
    ]);
    expect(await checkPublicUrl('https://shop.example', namesOf({}))).toEqual([]);
    expect(await checkPublicUrl(null, namesOf({}))).toEqual([]);
  });

  it.each([
    [200, true, 'one click to leave is answered'],
    [301, false, 'follow no redirect'],
    [404, false, 'something else answers'],
  ])('is pressed as mail programs press it: %i', async (status, ok, told) => {
    const seen: unknown[] = [];
    const server = createServer((request, response) => {
      seen.push(request.method, request.url);
      response.writeHead(status, { location: '/login' }).end();
    }).listen(0, '127.0.0.2');
    servers.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    // An address of this machine that is not called so: 127.0.0.2 would be passed over.
    const { port } = server.address() as AddressInfo;
    const names = { ...SILENT };
    const [check] = await checkPublicUrl(`http://[::ffff:127.0.0.2]:${port}`, names);
    expect(check).toMatchObject({ ok, detail: expect.stringContaining(told) });
    expect(seen).toEqual(['POST', '/u/is-anybody-there']);
  });
});
