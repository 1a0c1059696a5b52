import { randomUUID } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger, Reader, Transaction } from '../../ledger/ledger.ts';
import { DEFAULT_TIMING, type Timing } from './timing.ts';

/** The host and, on Linux, the process namespace: within one place a process id says who lives. */
const PLACE = `${hostname()}/${processNamespace()}`.replaceAll(' ', '_');

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** True only when the holder ran in this place and is gone: a restart need not wait for its silence. */
function isDead(holder: string): boolean {
  const [place, pid] = holder.split(' ');
  if (place !== PLACE || !pid || Number(pid) === process.pid) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/**
 * The right to send, owned by one process at a time.
 *
 *   free ──tryTake──▶ owned ──beat…──▶ owned ──release──▶ free
 *                       └── silent for leaseStaleMs ──▶ taken by another, with a higher fence
 *
 * No clock is compared between processes: a watcher measures, by its own monotonic clock, how long the beat has stood
 * still. A holder whose own last beat is older than that stops by itself, and every claim checks the fence in its
 * transaction, so that a process that was stopped and continued claims nothing.
 */
export class Lease {
  readonly #ledger: Ledger;
  readonly #name: string;
  readonly #timing: Timing;
  readonly #holder = `${PLACE} ${process.pid} ${randomUUID()}`;
  #fence: number | null = null;
  #beatAt = 0;
  #seen = { key: '', at: 0 };

  constructor(ledger: Ledger, name: string, timing: Timing) {
    this.#ledger = ledger;
    this.#name = name;
    this.#timing = timing;
  }

  /** Whether this process may still act on it, by its own clock. */
  isFresh(): boolean {
    const { leaseStaleMs, leaseBeatMs } = this.#timing;
    return this.#fence !== null && performance.now() - this.#beatAt < leaseStaleMs - leaseBeatMs;
  }

  /**
   * Takes the lease when it is free or its holder is silent. `onTaken` runs in the same transaction, before anybody
   * can act on the new fence.
   */
  async tryTake(onTaken: (tx: Transaction) => Promise<void>): Promise<boolean> {
    const now = performance.now();
    const row = await this.#read(this.#ledger);
    const key = row ? `${row.holder} ${row.fence} ${row.beat}` : '';
    if (key !== this.#seen.key) this.#seen = { key, at: now };
    const isSilent = now - this.#seen.at >= this.#timing.leaseStaleMs;
    const silent = isSilent || (row !== undefined && isDead(row.holder));
    if (row && row.holder !== '' && !silent) return false;

    const taken = await this.#ledger.write(async (tx) => {
      const current = await this.#read(tx);
      if ((current ? `${current.holder} ${current.fence} ${current.beat}` : '') !== key) return null;
      const fence = (current?.fence ?? 0) + 1;
      await tx.run(
        `INSERT INTO leases VALUES (?, ?, ?, 0)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = excluded.fence, beat = 0`,
        this.#name,
        this.#holder,
        fence,
      );
      await onTaken(tx);
      return fence;
    });
    if (taken === null) return false;
    this.#fence = taken;
    this.#beatAt = now;
    return true;
  }

  get isOwned(): boolean {
    return this.#fence !== null;
  }

  /** Shows that the holder of these lives, in one transaction. One that is lost is not owned any more. */
  static async beat(ledger: Ledger, leases: readonly Lease[]): Promise<void> {
    if (leases.length === 0) return;
    const startedAt = performance.now();
    const changed = await ledger.write(async (tx) => {
      const counts: number[] = [];
      for (const lease of leases) counts.push(await lease.#show(tx));
      return counts;
    });
    leases.forEach((lease, at) => {
      if (changed[at] === 0) lease.#fence = null;
      else lease.#beatAt = startedAt;
    });
  }

  #show(tx: Transaction): Promise<number> {
    return tx.run(
      'UPDATE leases SET beat = beat + 1 WHERE name = ? AND holder = ? AND fence = ?',
      this.#name,
      this.#holder,
      this.#fence,
    );
  }

  /** True when this process owns the lease in the eyes of the database: asked inside the transaction that claims. */
  async isOwnedIn(tx: Transaction): Promise<boolean> {
    const row = await this.#read(tx);
    const isOwned = row?.holder === this.#holder && row.fence === this.#fence;
    if (!isOwned) this.#fence = null;
    return isOwned;
  }

  async release(): Promise<void> {
    if (this.#fence === null) return;
    await this.#ledger.write((tx) =>
      tx.run(
        "UPDATE leases SET holder = '' WHERE name = ? AND holder = ? AND fence = ?",
        this.#name,
        this.#holder,
        this.#fence,
      ),
    );
    this.#fence = null;
  }

  #read(reader: Pick<Ledger, 'get'>) {
    return reader.get<{ holder: string; fence: number; beat: number }>(
      'SELECT holder, fence, beat FROM leases WHERE name = ?',
      this.#name,
    );
  }
}

/**
 * Whether a process is there that sends by this sender, or a worker, as far as one look can tell: one that was killed on
 * another machine a moment ago still counts.
 */
export async function isSomebodySending(ledger: Reader, sender: string): Promise<boolean> {
  const rows = await ledger.all<{ name: string; holder: string }>(
    "SELECT name, holder FROM leases WHERE holder <> '' AND (name = ? OR name LIKE 'worker %')",
    sender,
  );
  return rows.some(({ name, holder }) => name !== sender || !isDead(holder));
}

/** How often a beat is looked for, when somebody watches. */
const WATCH_MS = 200;

/**
 * The leases whose holder lives: a beat was seen, within as long as a holder may be silent. One that died without
 * giving its lease back is waited for that long and no longer. The holders are other processes, which have the usual times.
 * @returns their names.
 */
export async function livingHolders(ledger: Ledger): Promise<string[]> {
  const first = await heldLeases(ledger);
  const until = performance.now() + DEFAULT_TIMING.leaseStaleMs;
  for (let held = first; held.size > 0 && performance.now() < until; held = await heldLeases(ledger)) {
    const living = [...held].filter(([name, beat]) => first.get(name) !== beat).map(([name]) => name);
    if (living.length > 0) return living;
    await sleep(WATCH_MS);
  }
  return [];
}

/** By name, what changes with every beat; without those whose holder is known to be gone. */
async function heldLeases(ledger: Ledger): Promise<Map<string, string>> {
  const rows = await ledger.all<{ name: string; holder: string; fence: number; beat: number }>(
    "SELECT name, holder, fence, beat FROM leases WHERE holder <> ''",
  );
  const held = rows.filter(({ holder }) => !isDead(holder));
  return new Map(held.map(({ name, holder, fence, beat }) => [name, `${holder} ${fence} ${beat}`]));
}
