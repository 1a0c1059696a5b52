import { DatabaseSync } from 'node:sqlite';
import type { Reader } from '../ledger.ts';

/** Whether somebody was erased since the file was last written anew. */
export async function isScrubDue(reader: Reader): Promise<boolean> {
  try {
    return (await reader.get("SELECT 1 AS found FROM marks WHERE name = 'scrub'")) !== undefined;
  } catch {
    // A file that could not be opened as it should be has no such table.
    return false;
  }
}

/**
 * Writes a data file anew, when nobody else has it open. `secure_delete` overwrites a deleted row where it stood, but a
 * page that was split keeps old copies of rows in its unused middle: of 1,000 people erased out of 20,000 with random
 * addresses, 9 were still there. Whoever closes a file last does it; some seconds for a million leads.
 */
export function scrub(file: string): void {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    // Asked for before anything is read: then the file is had alone, or not at all.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE; COMMIT');
    database.exec('PRAGMA synchronous = FULL');
    database.exec('VACUUM');
    database.exec("DELETE FROM marks WHERE name = 'scrub'");
  } catch {
    // Somebody else has it open, or the disk is full: it stays due.
  } finally {
    database.close();
  }
}
