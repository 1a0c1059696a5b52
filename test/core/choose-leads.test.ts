import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { foldText } from '../../src/core/leads/filter/fold-text.ts';
import { openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

let core: Awaited<ReturnType<typeof openCore>>;

beforeEach(async () => {
  core = await openCore([new FakeSender('email'), new FakeSender('whatsapp')]);
  core.dispatcher.start();
});

afterEach(async () => {
  await core.close();
  removeFolder(core.folder);
});

/** As it is written, and as it is compared. */
const WORDS: readonly (readonly [string, string])[] = [
  ...([
    ['NÚÑEZ', 'nunez'],
    ['Nu\u0301n\u0303ez', 'nunez'],
    ['nunez', 'nunez'],
    ['İstanbul', 'istanbul'],
  ] as const),
  ...([
    ['Straße', 'strasse'],
    ['STRASSE', 'strasse'],
    ['SØREN', 'soren'],
    ['Łódź', 'lodz'],
    ['Ana', 'ana'],
  ] as const),
  ...([
    ['ЖАННА', 'жанна'],
    ['жанна', 'жанна'],
    ['Σίσυφος', 'σισυφοσ'],
    ['ÆON', 'aeon'],
    ['100% "x" \\ y', '100% "x" \\ y'],
  ] as const),
  ...([
    ['anabel', 'anabel'],
    ['42', '42'],
    ['e5', 'e5'],
    ['2026-03-04', '2026-03-04'],
    ['ＷＩＤＥ', 'wide'],
  ] as const),
];
const FOLDED = new Map(WORDS);
const folded = (text: string) => FOLDED.get(text)!;

it('case and accents do not count when texts are compared', () => {
  for (const [written, compared] of WORDS) expect(foldText(written)).toBe(compared);
});

interface Person {
  id: string;
  name: string | null;
  company: string | null;
  phone: string | null;
  status: string;
  tags: string[];
  metadata: Record<string, unknown>;
  country: string | null;
  email: boolean;
  suppressed: boolean;
  outcome: string | null;
  excluded: boolean;
}

function randomOf(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PHONES = [
  ['MX', '+5255555501'],
  ['ES', '+346000001'],
  ['US', '+12125550'],
  ['CA', '+14165550'],
] as const;

async function makePeople(count: number, random: (below: number) => number): Promise<Person[]> {
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const word = () => pick(WORDS)[0];
  const values = [
    word,
    word,
    () => random(50),
    () => random(2) === 1,
    () => [word(), random(9)],
    () => null,
    () => '',
  ];
  const people = Array.from({ length: count }, (_, at) => {
    const phone = random(3) === 0 ? null : pick(PHONES);
    const entries = ['City', 'CITY', 'Número', 'plan']
      .filter(() => random(2) === 0)
      .map((key) => [key, pick(values)()]);
    return {
      given: {
        name: random(9) === 0 && phone ? null : word(),
        company: random(2) === 0 ? null : word(),
        status: pick(['new', 'lost', 'qualified']),
        tags: random(2) === 0 ? [] : [...new Set([word(), word()])],
        metadata: Object.fromEntries(entries) as Record<string, unknown>,
        ...(phone && {
          phone: `${phone[1]}${String(at).padStart(phone[0] === 'ES' ? 2 : 3, '0')}`.slice(
            0,
            phone[0] === 'MX' ? 13 : 12,
          ),
        }),
        ...(random(4) > 0 && { email: `p${at}@example.com` }),
        origin: `o${at}`,
      },
      country: phone?.[0] ?? null,
    };
  });
  // Not as a file: there, people who are alike become one.
  for (const { given } of people) await core.call('leads.create', given);
  const suppressed = new Set<string>();
  for (const { given } of people) {
    if (!given.email || random(4) > 0) continue;
    suppressed.add(given.email);
    await core.call('suppressions.add', { channel: 'email', contact: given.email });
  }
  const { audience_id } = await core.call('audience.create', { name: 'Lost', status: 'lost' });
  await core.call('sendBulkMessages', {
    audience_id,
    channel: 'email',
    subject: 's',
    message: 'm',
    campaign: 'May',
  });
  const { leads } = await core.call('leads.list', { limit: 200 });
  return people.map(({ given, country }) => {
    const lead = leads.find(({ origin }: { origin: string }) => origin === given.origin);
    expect(lead.phone ?? null).toBe(given.phone ?? null);
    const email = given.email !== undefined;
    const isOut = email && suppressed.has(given.email!);
    const excluded = given.status === 'lost';
    const outcome = excluded ? (email && !isOut ? 'sent' : 'skipped') : null;
    return {
      ...given,
      phone: given.phone ?? null,
      id: lead.id,
      country,
      email,
      suppressed: isOut,
      outcome,
      excluded,
    };
  });
}

type Test = readonly [condition: object, holds: (person: Person) => boolean];

/** One condition, and what it says of a person in plain JavaScript. */
function randomLeaf(random: (below: number) => number): Test {
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const [written, compared] = pick(WORDS);
  const piece = [...written].slice(0, 2).join('');
  const [test, passes] = pick<readonly [string, string, (text: string) => boolean][]>([
    [['is', written, (text) => folded(text) === compared]],
    [['contains', written, (text) => folded(text).includes(compared)]],
    [['starts_with', piece, (text) => folded(text).startsWith(foldText(piece.trim()))]],
  ]).map(([name, value, passed]) => [{ [name]: value }, passed] as const)[0]!;
  const key = pick(['city', 'CÍTY', 'numero', 'plan', 'absent']);
  const valuesOf = ({ metadata }: Person) =>
    Object.entries(metadata)
      .filter(
        ([name]) =>
          ({ City: 'city', CITY: 'city', Número: 'numero', plan: 'plan' })[name] ===
          (key === 'CÍTY' ? 'city' : key),
      )
      .flatMap(([, value]) => value)
      .filter((value) => value !== null && value !== '');
  const number = random(50);
  const numeric = (value: unknown) => (typeof value === 'number' ? value : value === '42' ? 42 : Number.NaN);
  return pick<Test>([
    [{ field: 'name', ...test }, ({ name }) => name !== null && passes(name)],
    [{ field: 'company', ...test }, ({ company }) => company !== null && passes(company)],
    [{ field: 'phone', contains: '25' }, ({ phone }) => phone?.includes('25') ?? false],
    [{ field: 'company', exists: false }, ({ company }) => company === null],
    [{ field: 'tag', ...test }, ({ tags }) => tags.some(passes)],
    [{ field: 'tag', exists: true }, ({ tags }) => tags.length > 0],
    [{ field: 'status', in: ['new', 'lost'] }, ({ status }) => status !== 'qualified'],
    [{ field: 'country', is: 'us' }, ({ country }) => country === 'US'],
    [{ field: 'country', in: ['US', 'CA'] }, ({ country }) => country === 'US' || country === 'CA'],
    [{ field: 'phone_prefix', is: '+52' }, ({ country }) => country === 'MX'],
    [{ field: 'reachable', is: 'email' }, ({ email, suppressed }) => email && !suppressed],
    [{ field: 'suppressed', is: 'email' }, ({ suppressed }) => suppressed],
    [{ field: 'outcome', is: 'sent', campaign: 'may' }, ({ outcome }) => outcome === 'sent'],
    [{ field: 'outcome', is: 'not_sent', campaign: 'May' }, ({ outcome }) => outcome !== 'sent'],
    [{ field: 'outcome', is: 'skipped', campaign: 'May' }, ({ outcome }) => outcome === 'skipped'],
    [{ field: `metadata.${key}`, exists: true }, (person) => valuesOf(person).length > 0],
    [
      { field: `metadata.${key}`, is: number },
      (person) => valuesOf(person).some((one) => numeric(one) === number),
    ],
    [
      { field: `metadata.${key}`, at_least: number },
      (person) => valuesOf(person).some((one) => numeric(one) >= number),
    ],
    [{ field: `metadata.${key}`, before: '2026-04-01' }, (person) => valuesOf(person).includes('2026-03-04')],
    [
      { field: `metadata.${key}`, ...test },
      (person) =>
        valuesOf(person).some((one) =>
          typeof one === 'string' ? passes(one) : passesPlain(String(one), test, compared, piece),
        ),
    ],
  ]);
}

function passesPlain(text: string, test: object, compared: string, piece: string): boolean {
  if ('is' in test) return text === compared;
  return 'contains' in test ? text.includes(compared) : text.startsWith(foldText(piece.trim()));
}

function randomTest(random: (below: number) => number, depth: number): Test {
  const kind = depth === 0 ? 3 : random(5);
  if (kind >= 3) return randomLeaf(random);
  const inner = Array.from({ length: 1 + random(3) }, () => randomTest(random, depth - 1));
  const conditions = inner.map(([condition]) => condition);
  if (kind === 0) return [{ all: conditions }, (person) => inner.every(([, holds]) => holds(person))];
  if (kind === 1) return [{ any: conditions }, (person) => inner.some(([, holds]) => holds(person))];
  return [{ not: conditions[0] }, (person) => !inner[0]![1](person)];
}

it.each([1, 2])('conditions choose the leads that plain JavaScript chooses (seed %i)', async (seed) => {
  const random = randomOf(seed);
  const people = await makePeople(100, random);
  let some = 0;
  for (let round = 0; round < 100; round++) {
    const [where, holds] = randomTest(random, 3);
    const wanted = people.filter(holds).map(({ id }) => id);
    if (wanted.length > 0 && wanted.length < people.length) some += 1;
    const list = await core.call('leads.list', { where, limit: 200 });
    expect([where, list.leads.map(({ id }: { id: string }) => id)]).toEqual([where, wanted]);
    expect(list.total_count).toBe(wanted.length);
    if (round % 6 > 0) continue;
    const counted = await core.call('audience.count', { where });
    const made = await core.call('audience.create', { name: 'x', where });
    expect([where, counted.total_count, made.total_count]).toEqual([where, wanted.length, wanted.length]);
    const reached = people.filter((person) => holds(person) && person.email && !person.suppressed);
    expect(counted.reach.email.reachable).toBe(reached.length);
  }
  for (const [search, compared] of WORDS) {
    const wanted = people.filter(({ name, company, phone, email }, at) =>
      [name, company, phone, email ? `p${at}@example.com` : null].some(
        (text) => text !== null && (FOLDED.get(text) ?? text).includes(compared),
      ),
    );
    const list = await core.call('leads.list', { search, limit: 200 });
    const ids = list.leads.map(({ id }: { id: string }) => id);
    expect([search, ids]).toEqual([search, wanted.map(({ id }) => id)]);
  }
  // Otherwise the test would say nothing.
  expect(some).toBeGreaterThan(40);
});

const refused = async (where: unknown) =>
  core.call('audience.count', { where }).then(
    () => 'not refused',
    (error: { message: string }) => error.message,
  );

describe('a condition that is wrong is refused by its place, with what was meant', () => {
  it.each([
    [{ all: [{ field: 'tagg', is: 'x' }] }, 'where.all.0.field is "tagg"; did you mean tag?'],
    [{ field: 'city', is: 'x' }, 'where.field is "city"; did you mean metadata.city?'],
    [{ and: [] }, 'where has "and"; did you mean all?'],
    [{ field: 'tag', equals: 'x' }, 'where has "equals"; did you mean is?'],
    [{ field: 'tag' }, 'where has no test, and takes one.'],
    [{ field: 'tag', is: 'x', in: ['y'] }, 'where has 2 tests (is, in), and takes one.'],
    [{ field: 'status', is: 'neww' }, 'where.is is "neww"; did you mean new?'],
    [{ field: 'country', is: 'Mexico' }, 'where.is is "Mexico", which is no country.'],
    [{ field: 'created_at', after: '2026-02-30' }, 'where.after is "2026-02-30", which is no date.'],
    [{ field: 'created_at', contains: 'x' }, 'where tests created_at by contains.'],
    [{ field: 'name', is: 'x'.repeat(201) }, 'where.is has more than 200 characters.'],
    [{ field: 'name', is: 'a\0b' }, '"a\\u0000b" has a NUL character, which text has not.'],
    [{ field: 'tag', in: Array.from({ length: 201 }, String) }, 'where.in has 201 values.'],
    [{ any: [] }, 'where.any is [], and has to be a list of conditions.'],
    [{ field: 'outcome', is: 'sent' }, 'where needs send_id or campaign, and not both.'],
    [{ field: 'outcome', is: 'sent', campaign: 'June' }, 'There is no send of campaign "June".'],
    [{}, 'where is empty.'],
    [{ not: 'x' }, 'where.not is "x", and has to be an object.'],
  ])('%j', async (where, message) => {
    expect(await refused(where)).toBe(message);
  });

  it('nested too deep, or too many', async () => {
    let deep: object = { field: 'tag', is: 'x' };
    for (let level = 0; level < 7; level++) deep = { not: deep };
    expect(await refused(deep)).toContain('nested deeper than 6 levels');
    const many = Array.from({ length: 101 }, () => ({ field: 'tag', is: 'x' }));
    expect(await refused({ any: many })).toBe('where has more than 100 conditions.');
  });
});

describe('flat filters', () => {
  const importLeads = (leads: object[]) => core.call('leads.import', { leads });

  it('find by tag, country, number, date and id, and search folds', async () => {
    await importLeads([
      { name: 'María NÚÑEZ', phone: '+525555550101', tags: ['VIP'] },
      { name: 'Beto', email: 'beto+52@example.com', company: 'A+52 Labs' },
    ]);
    const { leads } = await core.call('leads.list');
    const named = async (filters: object) =>
      (await core.call('leads.list', filters)).leads.map(({ name }: { name: string }) => name);
    for (const filters of [
      { tag: 'vip' },
      { country: 'MX' },
      { phone_prefix: '+52' },
      { search: 'nunez' },
      { search: 'núñez' },
    ])
      expect(await named(filters)).toEqual(['María NÚÑEZ']);
    expect(await named({ lead_ids: [leads[1].id] })).toEqual(['Beto']);
    expect(await named({ created_after: '2020-01-01', created_before: '2999-01-01' })).toHaveLength(2);
    expect(await named({ created_after: '2999-01-01' })).toEqual([]);
    await expect(core.call('leads.list', { country: 'Mexico' })).rejects.toThrow('which is no country');
    await expect(core.call('leads.list', { campaign: 'May' })).rejects.toThrow('outcome is missing');
  });

  it('take a sample at random that its seed repeats, and the rest without it', async () => {
    await importLeads(
      Array.from({ length: 400 }, (_, at) => ({ name: `L${at}`, email: `l${at}@example.com` })),
    );
    const make = async (more: object) => {
      const made = await core.call('audience.create', { name: 'x', page_size: 100, ...more });
      const page = await core.call('audience.get', { audience_id: made.audience_id });
      return { ...made, names: page.leads.map(({ name }: { name: string }) => name) };
    };
    const first = await make({ sample: 50, sample_seed: 'a' });
    expect(first).toMatchObject({ total_count: 50, sample_seed: 'a' });
    expect((await make({ sample: 50, sample_seed: 'a' })).names).toEqual(first.names);
    const unnamed = await make({ sample: 50 });
    expect(unnamed.names).not.toEqual(first.names);
    expect((await make({ sample: 50, sample_seed: unnamed.sample_seed })).names).toEqual(unnamed.names);
    // From everywhere, and not the oldest ones.
    expect(first.names.filter((name: string) => Number(name.slice(1)) >= 200).length).toBeGreaterThan(10);
    const rest = await core.call('audience.create', { name: 'B', exclude_audience_id: first.audience_id });
    expect(rest.total_count).toBe(350);
    const count = await core.call('audience.count', { sample: 50, sample_seed: 'a' });
    expect(count).toMatchObject({ total_count: 50, reads_all_leads: true });
  });

  it('by import, those it made and those it met', async () => {
    await importLeads([{ name: 'Ana', email: 'ana@example.com' }]);
    const { import_id } = await core.call('leads.import', {
      leads: [{ email: 'ana@example.com', company: 'Acme' }, { email: 'bo@example.com' }],
    });
    await importLeads([{ email: 'cy@example.com' }]);
    const { leads } = await core.call('leads.list', { import_id });
    expect(leads.map(({ email }: { email: string }) => email)).toEqual(['ana@example.com', 'bo@example.com']);
    expect(await core.call('audience.count', { import_id })).toMatchObject({
      total_count: 2,
      reads_all_leads: false,
    });
  });

  it('without an audience that is gone are not chosen at all: it would be everybody', async () => {
    await importLeads([{ name: 'Ana', email: 'ana@example.com' }]);
    const out = await core.call('audience.create', { name: 'Out' });
    await core.call('audience.delete', { audience_id: out.audience_id });
    const filters = { exclude_audience_id: out.audience_id };
    await expect(core.call('audience.count', filters)).rejects.toThrow(/no audience/);
    await expect(core.call('audience.create', { name: 'x', ...filters })).rejects.toThrow(/no audience/);
  });

  it('with an index pass over the leads between', async () => {
    await importLeads(Array.from({ length: 30 }, (_, at) => ({ name: `L${at}` })));
    const { leads } = await core.call('leads.list');
    const counted = await core.call('audience.count', { lead_ids: [leads[3].id, leads[20].id] });
    expect(counted).toMatchObject({ total_count: 2, reads_all_leads: false });
    expect(counted.reach.email).toEqual({ reachable: 0, suppressed: 0, without_contact: 2 });
  });
});

describe('pages of a list', () => {
  it.each(['oldest', 'newest', 'name', 'updated'])(
    'by %s show each lead once while others come in',
    async (order) => {
      const names = Array.from({ length: 60 }, (_, at) => (at % 7 === 0 ? null : `${'ZÁbñ'[at % 4]}${at}`));
      await core.call('leads.import', {
        leads: names.map((name, at) => ({ name, email: `l${at}@example.com` })),
      });
      const before = (await core.call('leads.list', { limit: 200 })).leads.map(
        ({ id }: { id: string }) => id,
      );
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page: { leads: { id: string }[]; next_cursor: string | null } = await core.call('leads.list', {
          order,
          limit: 25,
          ...(cursor && { cursor }),
        });
        seen.push(...page.leads.map(({ id }) => id));
        cursor = page.next_cursor;
        await core.call('leads.create', { name: `M${seen.length}` });
      } while (cursor !== null);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.filter((id) => before.includes(id)).sort()).toEqual([...before].sort());
      if (order === 'newest') expect(seen.filter((id) => before.includes(id))).toEqual(before.toReversed());
      await expect(core.call('leads.list', { order: 'name', cursor: '5' })).rejects.toThrow(
        'is not a cursor of this list',
      );
    },
  );

  it('by name know no accents, and show who has none at the end', async () => {
    await core.call('leads.import', {
      leads: ['Óscar', 'oa', null, 'Pia', 'ÁB'].map((name, at) => ({ name, email: `${at}@example.com` })),
    });
    const { leads } = await core.call('leads.list', { order: 'name' });
    expect(leads.map(({ name }: { name: string | null }) => name)).toEqual([
      'ÁB',
      'oa',
      'Óscar',
      'Pia',
      null,
    ]);
  });
});
