import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { normalizeEmail, normalizePhone } from '../../src/core/leads/contact.ts';
import { readLeadsCsv } from '../../src/core/leads/csv/read-leads-csv.ts';
import { dialled } from '../../src/core/leads/phone.ts';

/** Files as people have them, with what each must give. */
const FOLDER = join(import.meta.dirname, '../cases/leads');

interface Expected {
  readonly country: string;
  readonly people: readonly {
    readonly name: readonly string[] | null;
    readonly email: string | null;
    readonly whatsapp: string | null;
  }[];
  readonly never_email: readonly string[];
  readonly never_whatsapp: readonly string[];
}
interface Contact {
  readonly country?: string;
  readonly raw: string;
  readonly want: string | null;
}

/** One thing that a file or a cell must give. */
export interface Answer {
  readonly kind:
    | 'name'
    | 'email'
    | 'whatsapp'
    | 'never_email'
    | 'never_whatsapp'
    | 'phone cell'
    | 'email cell';
  readonly of: string;
  readonly want: unknown;
  readonly got: unknown;
  readonly right: boolean;
}

const read = (file: string): unknown => JSON.parse(readFileSync(join(FOLDER, file), 'utf8'));
export const expectedFiles = read('expected.json') as Readonly<Record<string, Expected>>;

export async function answersOf(file: string): Promise<Answer[]> {
  const wanted = expectedFiles[file]!;
  const people: { name: string | null; email: string | null; whatsapp: string | null; keys: string[] }[] = [];
  const never = { email: new Set<string>(), whatsapp: new Set<string>() };
  for await (const batch of readLeadsCsv(createReadStream(join(FOLDER, file)), { country: wanted.country })) {
    for (const { read } of batch.rows) {
      const { input, email, phone } = read;
      const name = input.name ?? null;
      const emailKey = email?.ok ? email.value : null;
      const key = phone?.ok ? phone.value : null;
      if (name === null && emailKey === null && key === null) continue;
      const whatsapp = key === null ? null : dialled(key, input.phone ?? null);
      people.push({ name, email: emailKey, whatsapp, keys: [] });
      for (const { scope } of read.consents) {
        if (scope !== 'whatsapp')
          for (const one of [emailKey, ...read.otherEmails]) if (one) never.email.add(one);
        if (scope !== 'email') for (const one of [key, ...read.otherPhones]) if (one) never.whatsapp.add(one);
      }
    }
  }
  const answers: Answer[] = wanted.people.flatMap((person, at): Answer[] => {
    const got = people[at];
    const of = `${file}, person ${at + 1}`;
    return [
      {
        kind: 'name',
        of,
        want: person.name,
        got: got?.name,
        right: person.name === null ? got?.name === null : person.name.includes(got?.name ?? ''),
      },
      { kind: 'email', of, want: person.email, got: got?.email, right: got?.email === person.email },
      {
        kind: 'whatsapp',
        of,
        want: person.whatsapp,
        got: got?.whatsapp,
        right: got?.whatsapp === person.whatsapp,
      },
    ];
  });
  const isReached = (channel: 'email' | 'whatsapp', contact: string) =>
    people.some((person) => person[channel] === contact) && !never[channel].has(contact);
  for (const channel of ['email', 'whatsapp'] as const) {
    // Whoever said nothing is reached: all of them suppressed would be right of the others.
    for (const contact of new Set(wanted.people.flatMap((person) => person[channel] ?? []))) {
      const isNever = wanted[`never_${channel}`].includes(contact);
      const got = isReached(channel, contact);
      answers.push({
        kind: `never_${channel}`,
        of: `${file}, ${contact}`,
        want: !isNever,
        got,
        right: got === !isNever,
      });
    }
    for (const contact of wanted[`never_${channel}`])
      if (isReached(channel, contact))
        answers.push({
          kind: `never_${channel}`,
          of: `${file}, ${contact}`,
          want: false,
          got: true,
          right: false,
        });
  }
  if (people.length !== wanted.people.length)
    answers.push({
      kind: 'name',
      of: `${file}, people`,
      want: wanted.people.length,
      got: people.length,
      right: false,
    });
  return answers;
}

export function contactAnswers(): Answer[] {
  const { phones, emails } = read('contacts.json') as { phones: Contact[]; emails: Contact[] };
  const answer = (kind: Answer['kind'], { raw, want, country }: Contact): Answer => {
    const found = kind === 'email cell' ? normalizeEmail(raw) : normalizePhone(raw, country ?? null);
    const got = found.ok ? (found.dial ?? found.value) : null;
    return { kind, of: JSON.stringify(raw), want, got, right: got === want };
  };
  return [
    ...phones.map((one) => answer('phone cell', one)),
    ...emails.map((one) => answer('email cell', one)),
  ];
}
