import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { sqliteProviderSaid } from './provider-said.ts';

it('sentences of older versions are taken apart: what is ours stays, what the provider said stands by itself', () => {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE deliveries (error TEXT)');
  database.exec('CREATE TABLE sends (problem TEXT)');
  const insert = database.prepare('INSERT INTO deliveries VALUES (?)');
  insert.run('The mail server refused the recipient: 550 5.1.1 Who: is that');
  insert.run('Not on WhatsApp; reach them otherwise. Meta says: Message undeliverable');
  insert.run('The mail server did not answer: nobody can know.');
  insert.run(null);
  database.exec("INSERT INTO sends VALUES ('The mail server did not accept the login: 535 No')");
  for (const step of sqliteProviderSaid) database.exec(step);
  const rows = database.prepare('SELECT error, provider_said FROM deliveries').all();
  expect(rows.map((row) => Object.values(row))).toEqual([
    ['The mail server refused the recipient', '550 5.1.1 Who: is that'],
    ['Not on WhatsApp; reach them otherwise.', 'Message undeliverable'],
    ['The mail server did not answer: nobody can know.', null],
    [null, null],
  ]);
  expect({ ...database.prepare('SELECT * FROM sends').get() }).toEqual({
    problem: 'The mail server did not accept the login',
    provider_said: '535 No',
  });
});
