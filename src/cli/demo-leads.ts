/** Names, with how they are written in an address, by where somebody lives. */
interface Place {
  readonly people: readonly (readonly [name: string, address: string])[];
  readonly cities: readonly string[];
}

const PLACES: readonly Place[] = [
  {
    people: [
      ['Ana María López', 'ana.lopez'],
      ['José Ángel Muñoz', 'jose.munoz'],
      ['Lucía Hernández 🌵', 'lucia.hernandez'],
    ],
    cities: ['Ciudad de México', 'Puebla'],
  },
  {
    people: [
      ['Grace Miller', 'grace.miller'],
      ["Liam O'Connor", 'liam.oconnor'],
      ['Ava "Ace" Johnson', 'ava.johnson'],
    ],
    cities: ['New York', 'Brooklyn, NY'],
  },
  {
    people: [
      ['João Conceição', 'joao.conceicao'],
      ['Beatriz Araújo 🌞', 'beatriz.araujo'],
    ],
    cities: ['São Paulo', 'Campinas'],
  },
  {
    people: [
      ['Jürgen Groß', 'juergen.gross'],
      ['Zoë Müller', 'zoe.mueller'],
    ],
    cities: ['Köln', 'München'],
  },
  {
    people: [
      ['Éloïse Lefèvre', 'eloise.lefevre'],
      ['François Noël', 'francois.noel'],
    ],
    cities: ['Orléans', 'Nîmes'],
  },
  {
    people: [
      ['美咲 佐藤', 'misaki.sato'],
      ['蓮 田中 🎏', 'ren.tanaka'],
    ],
    cities: ['東京', '大阪'],
  },
  {
    people: [
      ['ليلى حسن', 'layla.hassan'],
      ['عمر منصور', 'omar.mansour'],
    ],
    cities: ['القاهرة', 'الإسكندرية'],
  },
  {
    people: [
      ['प्रिया शर्मा', 'priya.sharma'],
      ['अर्जुन पटेल', 'arjun.patel'],
    ],
    cities: ['मुंबई', 'दिल्ली'],
  },
];

const COMPANIES = [
  'Café Aurora',
  'Northwind, Inc.',
  'Müller & Söhne',
  'Blue Agave',
  'さくら商事',
  '',
] as const;
const POSITIONS = ['Owner', 'Head of Sales', 'Gerente', 'Designer ✏️', ''] as const;
const STATUSES = ['new', 'new', 'contacted', 'qualified'] as const;

/** Of a hundred people, about as many as in a list that grew over years. */
const WITHOUT_PHONE = 14;
const WITHOUT_EMAIL = 9;
const LINES_IN_A_CHUNK = 500;

export const DEMO_HEADER = 'name,email,phone,company,position,status,origin,city';

/** The n-th sample person, the same in every run. All addresses are of a domain that is reserved for examples. */
export function demoLead(n: number): readonly string[] {
  const place = pick(PLACES, n, 1);
  const [name, address] = pick(place.people, n, 2);
  const withoutEmail = draw(n, 3) % 100 < WITHOUT_EMAIL;
  // Nobody lacks both: people without any contact and of one name would be taken for one person.
  const withoutPhone = !withoutEmail && draw(n, 4) % 100 < WITHOUT_PHONE;
  return [
    name,
    withoutEmail ? '' : `${address}.${n}@example.com`,
    withoutPhone ? '' : fictionalPhone(n),
    pick(COMPANIES, n, 5),
    pick(POSITIONS, n, 6),
    pick(STATUSES, n, 7),
    'demo',
    pick(place.cities, n, 8),
  ];
}

const AREAS = 400;
const FICTIONAL_LINES = 100;
const OTHER_LINES = 9_800;

/**
 * A number of its own for each person, and of nobody who lives: +1 … 555 01xx, which North America keeps for fiction,
 * in 400 area codes. People after the 40,000th get other lines of the exchange 555, where no households are; its
 * 555 12xx, where directory assistance is, is left out.
 */
export function fictionalPhone(n: number): string {
  const area = 201 + (n % AREAS);
  const at = Math.floor(n / AREAS);
  if (at < FICTIONAL_LINES) return `+1${area}555${String(100 + at).padStart(4, '0')}`;
  // 7,919 is prime to 9,800: every line comes up once, in an order that looks like chance.
  const other = ((at - FICTIONAL_LINES) * 7_919) % OTHER_LINES;
  const line = other < 100 ? other : other < 1_100 ? other + 100 : other + 200;
  return `+1${area}555${String(line).padStart(4, '0')}`;
}

const encoder = new TextEncoder();

/** The people as a CSV file, made while it is read: a million of them takes no more memory than one. */
export async function* demoCsv(leads: number): AsyncGenerator<Uint8Array> {
  let text = `${DEMO_HEADER}\n`;
  for (let n = 1; n <= leads; n++) {
    text += `${demoLead(n).map(quoted).join(',')}\n`;
    if (n % LINES_IN_A_CHUNK === 0) {
      yield encoder.encode(text);
      text = '';
    }
  }
  if (text !== '') yield encoder.encode(text);
}

function quoted(cell: string): string {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function pick<Item>(items: readonly Item[], n: number, salt: number): Item {
  return items[draw(n, salt) % items.length]!;
}

/** A number that looks random and is the same in every run (the mixing step of MurmurHash3). */
function draw(n: number, salt: number): number {
  let hash = Math.imul(n, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
