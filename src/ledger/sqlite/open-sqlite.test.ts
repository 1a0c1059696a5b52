import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqlite } from './open-sqlite.ts';

const freshFile = () => join(mkdtempSync(join(tmpdir(), 'tidings-')), 'tidings.db');

describe('the SQLite ledger', () => {
  it('keeps what was committed and undoes what threw', async () => {
    const file = freshFile();
    const ledger = await openSqlite(file);
    const insert =
      "INSERT INTO suppressions (channel, contact, reason, created_at) VALUES ('email', ?, 'bounced', '2026-01-01')";
    await ledger.write((tx) => tx.run(insert, 'kept@example.com'));
    await expect(
      ledger.write(async (tx) => {
        await tx.run(insert, 'undone@example.com');
        throw new Error('stop');
      }),
    ).rejects.toThrow('stop');
    await ledger.close();
    const again = await openSqlite(file);
    expect(await again.all('SELECT contact FROM suppressions')).toEqual([{ contact: 'kept@example.com' }]);
    await again.close();
  });

  it('is shared by two openers, whose writes wait for each other', async () => {
    const file = freshFile();
    const [one, two] = [await openSqlite(file), await openSqlite(file)];
    const bump = "UPDATE leases SET beat = beat + 1 WHERE name = 'x'";
    await one.write((tx) => tx.run("INSERT INTO leases VALUES ('x', 'me', 1, 0)"));
    const writes = Array.from({ length: 50 }, (_, at) => (at % 2 ? one : two).write((tx) => tx.run(bump)));
    await Promise.all(writes);
    expect(await one.get('SELECT beat FROM leases')).toEqual({ beat: 50 });
    await Promise.all([one.close(), two.close()]);
  });

  it('refuses a data file from a newer version', async () => {
    const file = freshFile();
    const ledger = await openSqlite(file);
    await ledger.write((tx) => tx.run("INSERT INTO schema_migrations VALUES (999, 'later', 999)"));
    await ledger.close();
    await expect(openSqlite(file)).rejects.toThrow('newer Tidings (schema 999');
  });

  it('says so when the file is no database', async () => {
    const file = freshFile();
    writeFileSync(file, 'this is a letter, not a database. '.repeat(200));
    chmodSync(file, 0o600);
    await expect(openSqlite(file)).rejects.toThrow('not a Tidings database');
  });
});
