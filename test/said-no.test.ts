import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readLeadsCsv } from '../src/core/leads/csv/read-leads-csv.ts';

interface Case {
  readonly country: string | null;
  /** Of the first row. */
  readonly name?: string;
  readonly phone?: string;
  readonly never_whatsapp?: readonly string[];
  /** People whose address begins with n must not be written to, those with y may. */
  readonly lines: readonly string[];
}

const file = join(import.meta.dirname, 'cases/said-no.json');
const cases = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, Case>>;

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

it.each(Object.entries(cases))('%s: who said no is kept out, and nobody else', async (_, one) => {
  const text = one.lines.join('\n');
  const said = { email: new Set<string>(), whatsapp: new Set<string>() };
  const people: { name: string | null; email: string | null; phone: string | null }[] = [];
  for await (const batch of readLeadsCsv(bytes(text), { country: one.country })) {
    for (const { read } of batch.rows) {
      const email = read.email?.ok ? read.email.value : null;
      const phone = read.phone?.ok ? read.phone.value : null;
      people.push({ name: read.input.name ?? null, email, phone });
      for (const { scope } of read.consents) {
        if (scope !== 'whatsapp' && email) said.email.add(email);
        if (scope !== 'email' && phone) said.whatsapp.add(phone);
      }
    }
  }
  const everybody = text.match(/[ny]\d@example\.com/g)!;
  expect(people.map(({ email }) => email)).toEqual(everybody);
  expect([...said.email]).toEqual(everybody.filter((email) => email.startsWith('n')));
  if (one.never_whatsapp) expect([...said.whatsapp]).toEqual(expect.arrayContaining([...one.never_whatsapp]));
  if (one.name) expect(people[0]!.name).toBe(one.name);
  if (one.phone) expect(people[0]!.phone).toBe(one.phone);
});
