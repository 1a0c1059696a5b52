import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const MOST_TRIES = 200;

/**
 * SIGSTOP, at a moment when the process holds no lock of the data file. One that is stopped within a transaction
 * keeps SQLite's write lock for as long as it stands still, and nobody can take over: then it goes on for a few
 * milliseconds and is stopped again.
 */
export async function freeze(child: ChildProcess, folder: string): Promise<void> {
  const file = new DatabaseSync(join(folder, 'tidings.db'), { timeout: 50 });
  try {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      child.kill('SIGSTOP');
      // The signal reaches its threads one after the other.
      await sleep(20);
      if (isFree(file)) return;
      child.kill('SIGCONT');
      await sleep(1 + Math.random() * 15);
    }
  } finally {
    file.close();
  }
  throw new Error(`The process was within a transaction at each of ${MOST_TRIES} moments.`);
}

function isFree(file: DatabaseSync): boolean {
  try {
    file.exec('BEGIN IMMEDIATE; ROLLBACK');
    return true;
  } catch {
    return false;
  }
}
