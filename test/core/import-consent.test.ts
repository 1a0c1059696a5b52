import { expect, it } from 'vitest';
import { importCsv } from '../../src/core/leads/import-csv.ts';
import { findSuppression, suppress } from '../../src/core/suppressions/suppression.store.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { freshFolder, ledgerOf, removeFolder } from '../support/core.ts';
import { onPostgres } from '../support/database.ts';
import fc from '../support/property.ts';

async function withLedger(use: (ledger: Ledger) => Promise<void>): Promise<void> {
  const folder = freshFolder();
  const ledger = await ledgerOf(folder);
  try {
    await use(ledger);
  } finally {
    await ledger.close();
    removeFolder(folder);
  }
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const PEOPLE = ['ann', 'bob', 'cid'] as const;
type Step =
  | { readonly kind: 'suppress'; readonly who: number }
  | {
      readonly kind: 'import';
      readonly who: number;
      readonly says: string;
      readonly letIn: boolean;
      readonly column: string;
    };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('suppress' as const), who: fc.nat(2) }),
  fc.record({
    kind: fc.constant('import' as const),
    who: fc.nat(2),
    column: fc.constantFrom('Status', 'Unsubscribed', 'Accepts marketing', 'Zustand'),
    says: fc.constantFrom('unsubscribed', 'subscribed', 'yes', 'no', '', 'Bounced', 'active'),
    letIn: fc.boolean(),
  }),
);

/** What a cell of such a column refuses for good. */
function refuses({ column, says }: Extract<Step, { kind: 'import' }>): boolean {
  return says === 'unsubscribed' || says === 'Bounced' || (column === 'Unsubscribed' && says === 'yes');
}

it('no import, in any order with suppressions, makes somebody reachable who said no', async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) =>
      withLedger(async (ledger) => {
        const out = new Set<string>();
        for (const one of steps) {
          const email = `${PEOPLE[one.who]}@example.com`;
          if (one.kind === 'suppress') {
            await ledger.write((tx) => suppress(tx, 'email', email, 'unsubscribed'));
            out.add(email);
          } else {
            const text = `Email,${one.column}\n${email},${one.says}\n`;
            await importCsv({ ledger, defaultCountry: null }, bytes(text), { includeUnconfirmed: one.letIn });
            if (refuses(one)) out.add(email);
          }
          for (const contact of out) {
            refused += 1;
            expect(await findSuppression(ledger, 'email', contact)).toMatchObject({ contact });
          }
        }
      }),
    ),
    { numRuns: onPostgres ? 5 : 50 },
  );
  expect(refused).toBeGreaterThan(onPostgres ? 5 : 30);
});

it('who never said yes is kept out by the default, and let in by the flag', async () => {
  const file = 'Email,Accepts Email Marketing,Phone\nann@example.com,no,+14155550101\nbob@example.com,yes,\n';
  for (const includeUnconfirmed of [false, true]) {
    await withLedger(async (ledger) => {
      const report = await importCsv({ ledger, defaultCountry: null }, bytes(file), {
        includeUnconfirmed,
        file: 'shop.csv',
      });
      expect(report).toMatchObject({
        created: 2,
        suppressed: 0,
        unconfirmed: 1,
        asks: [
          {
            column: 'Accepts Email Marketing',
            value: 'no',
            channel: 'email',
            reason: 'not_opted_in',
            count: 1,
          },
        ],
      });
      const held = await findSuppression(ledger, 'email', 'ann@example.com');
      if (includeUnconfirmed) expect(held).toBeUndefined();
      else
        expect(held).toMatchObject({
          reason: 'not_opted_in',
          source: 'shop.csv: Accepts Email Marketing: no',
        });
      expect(await findSuppression(ledger, 'email', 'bob@example.com')).toBeUndefined();
      expect(await findSuppression(ledger, 'whatsapp', '+14155550101')).toBeUndefined();
    });
  }
});

it('people who share a phone and have no email stay apart, and are named; the same file again changes nothing', async () => {
  await withLedger(async (ledger) => {
    const file = 'Name,Phone\nAnn,+14155550101\nBob,+14155550101\nCid,+14155550101\n';
    const first = await importCsv({ ledger, defaultCountry: null }, bytes(file));
    expect(first).toMatchObject({ created: 3, warnings_count: 2 });
    expect(first.warnings.map(({ line, reason }) => [line, reason.split(':')[0]])).toEqual([
      [3, 'same phone as line 2'],
      [4, 'same phone as line 2'],
    ]);
    const later = 'Name,Email,Phone\nDora,dora@example.com,+14155550101\n';
    await importCsv({ ledger, defaultCountry: null }, bytes(later));
    expect(await importCsv({ ledger, defaultCountry: null }, bytes(file))).toMatchObject({
      created: 0,
      unchanged: 3,
    });
    const names = await ledger.all<{ name: string }>('SELECT name FROM leads ORDER BY seq');
    expect(names.map(({ name }) => name)).toEqual(['Ann', 'Bob', 'Cid', 'Dora']);
  });
});
