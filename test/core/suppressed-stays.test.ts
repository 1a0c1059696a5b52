import { expect, it } from 'vitest';
import { findSuppression } from '../../src/core/suppressions/suppression.store.ts';
import { PLAIN_WORDS } from '../../src/words.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { onPostgres } from '../support/database.ts';
import fc from '../support/property.ts';

const PEOPLE = ['ann', 'bob'] as const;
const REASONS = ['bounced', 'unsubscribed', 'complained'] as const;
const CLI = { caller: { door: 'cli', words: PLAIN_WORDS } } as const;

const who = fc.nat(PEOPLE.length - 1);
const reason = fc.constantFrom(...REASONS);
const step = fc.oneof(
  fc.record({ kind: fc.constant('suppress' as const), who, reason }),
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('leads' as const), who, says: fc.constantFrom('', ...REASONS) }),
  },
  fc.record({ kind: fc.constant('list' as const), who, reason }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('undo' as const), which: fc.nat(5) }) },
  fc.record({ kind: fc.constant('erase' as const), who, suppress: fc.boolean() }),
  fc.record({ kind: fc.constant('restore' as const), who }),
);

/** Who says no: another way for ever, an import until it is taken back. */
interface Model {
  readonly others: Set<string>;
  readonly imports: { readonly id: string; readonly contact: string; saysNo: boolean }[];
}

it('whoever said no is suppressed until everybody who says so took it back, and nobody else is', async () => {
  let [held, free] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 10 }), async (steps) => {
      const folder = freshFolder();
      const core = await openCore([], folder);
      const model: Model = { others: new Set(), imports: [] };
      try {
        for (const one of steps) {
          const contact = 'who' in one ? `${PEOPLE[one.who]}@example.com` : '';
          if (one.kind === 'suppress') {
            await core.call('suppressions.add', { channel: 'email', contact, reason: one.reason });
            model.others.add(contact);
          } else if (one.kind === 'leads') {
            const { import_id } = await core.call('leads.import', {
              csv: `Email,Status\n${contact},${one.says}\n`,
            });
            model.imports.push({ id: import_id, contact, saysNo: one.says !== '' });
          } else if (one.kind === 'list') {
            const given = { csv: `${contact}\n`, reason: one.reason };
            const { import_id } = await core.call('suppressions.import', given);
            model.imports.push({ id: import_id, contact, saysNo: true });
          } else if (one.kind === 'undo') {
            const taken = model.imports[one.which % Math.max(1, model.imports.length)];
            if (!taken) continue;
            await core.call('imports.undo', { import_id: taken.id }, CLI);
            taken.saysNo = false;
          } else if (one.kind === 'erase') {
            const done = await core
              .call('person.erase', { contact, and_suppress: one.suppress })
              .catch((error: { code: string }) => expect(error.code).toBe('not_found'));
            if (done && one.suppress) model.others.add(contact);
          } else {
            await core
              .call('leads.create', { email: contact, restore_erased: true })
              .catch((error: { code: string }) => expect(error.code).toBe('conflict'));
          }
          for (const name of PEOPLE) {
            const email = `${name}@example.com`;
            const isHeld =
              model.others.has(email) || model.imports.some((by) => by.contact === email && by.saysNo);
            const found = await findSuppression(core.ledger, 'email', email);
            expect(found !== undefined, `${email} after ${JSON.stringify(steps)}`).toBe(isHeld);
            if (isHeld) held += 1;
            else free += 1;
          }
        }
      } finally {
        await core.close();
        removeFolder(folder);
      }
    }),
    { numRuns: onPostgres ? 6 : 40, seed: 20_251_125 },
  );
  expect(Math.min(held, free)).toBeGreaterThan(onPostgres ? 5 : 50);
});
