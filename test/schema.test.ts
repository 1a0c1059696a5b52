import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ledger } from '../src/ledger/ledger.ts';
import { TABLES } from '../src/ledger/schema/tables.ts';
import { freshFolder, ledgerOf, removeFolder } from './support/core.ts';
import { columnsOf, dumpSchema, tablesOf } from './support/dump-schema.ts';

const folder = freshFolder();
let ledger: Ledger;

beforeAll(async () => {
  ledger = await ledgerOf(folder);
});

afterAll(async () => {
  await ledger.close();
  removeFolder(folder);
});

describe('the schema', () => {
  it('is what test/schema shows: whoever changes it changes that file too', async () => {
    await expect(await dumpSchema(ledger)).toMatchFileSnapshot(`schema/${ledger.dialect}.sql`);
  });

  it('has no table without an owner, and no owner without a table', async () => {
    expect((await tablesOf(ledger)).toSorted()).toEqual(TABLES.map(({ name }) => name).toSorted());
  });

  it('says of every column whether it holds something of a person: a new one is thought about once', async () => {
    const lines: string[] = [];
    for (const { name, order, person = {} } of TABLES) {
      const columns = await columnsOf(ledger, name);
      expect(columns, name).toEqual(expect.arrayContaining([...order, ...Object.keys(person)]));
      for (const column of columns.toSorted())
        lines.push(`${name}.${column}: ${person[column] ?? 'nothing of a person'}\n`);
    }
    await expect(lines.join('')).toMatchFileSnapshot('schema/personal.txt');
  });

  it('has no table whose word is not in the glossary', () => {
    const page = readFileSync(join(import.meta.dirname, '../docs/concepts.md'), 'utf8');
    const glossary = page.slice(0, page.indexOf('\n## '));
    for (const { name } of TABLES) expect(glossary, `${name} in docs/concepts.md`).toContain(`\`${name}\``);
  });
});
