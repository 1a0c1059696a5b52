import { describe, expect, it } from 'vitest';
import { migrate, NEWEST } from './migrate.ts';
import { type Migration, migrations } from './schema/migrations.ts';
import { openSqlite } from './sqlite/open-sqlite.ts';

/** The next step of a time to come. */
const COLUMN = 'ALTER TABLE leads ADD COLUMN pet TEXT';
const next: Migration = {
  oldestCode: 2,
  sqlite: [COLUMN],
  postgres: [COLUMN],
  rows: async (tx) => void (await tx.run("UPDATE leads SET pet = 'cat of ' || name")),
};
const later = [...migrations, next];

const ADD = `INSERT INTO leads (id, name, status, metadata, created_at, updated_at)
  VALUES ('one', 'Ana', 'new', '{}', '', '')`;
const VERSIONS = 'SELECT version, oldest_code FROM schema_migrations ORDER BY version';

describe('a step after the first', () => {
  it('is made once, with what it does to the rows that are there', async () => {
    const ledger = await openSqlite(':memory:');
    await ledger.write((tx) => tx.run(ADD));
    expect(await migrate(ledger, 'migrate', 'here', later)).toBe(false);
    expect(await migrate(ledger, 'migrate', 'here', later)).toBe(false);
    expect(await ledger.all('SELECT pet FROM leads')).toEqual([{ pet: 'cat of Ana' }]);
    expect((await ledger.all(VERSIONS)).slice(-2)).toEqual([
      { version: NEWEST, oldest_code: expect.any(Number) },
      { version: NEWEST + 1, oldest_code: 100 + next.oldestCode },
    ]);
    await ledger.close();
  });

  it.each(['existing', 'create'] as const)('is not made by a command that is "%s"', async (opening) => {
    const ledger = await openSqlite(':memory:');
    await expect(migrate(ledger, opening, 'here', later)).rejects.toMatchObject({
      message: expect.stringContaining(`older Tidings (schema ${NEWEST}; this one needs ${NEWEST + 1})`),
      fix: expect.stringContaining('start tidings serve'),
    });
    expect(await ledger.all(VERSIONS)).toHaveLength(migrations.length);
    await ledger.close();
  });

  it('that fails leaves nothing of itself', async () => {
    const ledger = await openSqlite(':memory:');
    const rows = () => Promise.reject(new Error('no'));
    await expect(migrate(ledger, 'migrate', 'here', [...migrations, { ...next, rows }])).rejects.toThrow(
      'no',
    );
    await expect(ledger.all('SELECT pet FROM leads')).rejects.toThrow('pet');
    expect(await ledger.all(VERSIONS)).toHaveLength(migrations.length);
    await ledger.close();
  });
});
