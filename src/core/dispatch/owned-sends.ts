import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import { READY_COLUMNS, type ReadyChunk } from '../deliveries/ready-chunk.ts';
import type { Sender } from '../deliveries/sender.ts';
import type { Assignment } from './assignment.ts';
import type { Lease } from './lease.ts';

/** One process sends everything: the one that owns the lease. */
export class OwnedSends implements Assignment {
  readonly makesRows = true;
  readonly #ledger: Ledger;
  readonly #lease: Lease;
  readonly #channel: string;
  readonly #mode: string;

  constructor(ledger: Ledger, lease: Lease, { about }: Sender) {
    this.#ledger = ledger;
    this.#lease = lease;
    this.#channel = about.channel;
    this.#mode = about.mode;
  }

  mayDeliver(): boolean {
    return this.#lease.isFresh();
  }

  async hasWork(): Promise<boolean> {
    if (!this.#lease.isFresh()) return false;
    const sql = "SELECT 1 AS found FROM sends WHERE channel = ? AND mode = ? AND state = 'running' LIMIT 1";
    return (await this.#ledger.get(sql, this.#channel, this.#mode)) !== undefined;
  }

  async lockChunks(tx: Transaction): Promise<ReadyChunk[]> {
    if (!this.#lease.isFresh() || !(await this.#lease.isOwnedIn(tx))) return [];
    return tx.all<ReadyChunk>(
      `SELECT ${READY_COLUMNS} FROM sends s JOIN chunks c ON c.send_seq = s.seq
       WHERE s.channel = ? AND s.mode = ? AND s.state = 'running' ORDER BY s.seq, c.number`,
      this.#channel,
      this.#mode,
    );
  }

  nothingLeft(): void {}
}
