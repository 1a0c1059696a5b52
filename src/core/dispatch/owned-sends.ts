import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import { READY_COLUMNS, type ReadyChunk } from '../deliveries/ready-chunk.ts';
import type { Assignment } from './assignment.ts';
import type { Lease } from './lease.ts';

/** One process sends everything that leaves by a sender: the one that owns the lease. */
export class OwnedSends implements Assignment {
  readonly makesRows = true;
  readonly #ledger: Ledger;
  readonly #lease: Lease;
  readonly #sender: string;

  constructor(ledger: Ledger, lease: Lease, sender: string) {
    this.#ledger = ledger;
    this.#lease = lease;
    this.#sender = sender;
  }

  mayDeliver(): boolean {
    return this.#lease.isFresh();
  }

  async hasWork(): Promise<boolean> {
    if (!this.#lease.isFresh()) return false;
    const sql = "SELECT 1 AS found FROM sends WHERE sender = ? AND state = 'running' LIMIT 1";
    return (await this.#ledger.get(sql, this.#sender)) !== undefined;
  }

  async lockChunks(tx: Transaction): Promise<ReadyChunk[]> {
    if (!this.#lease.isFresh() || !(await this.#lease.isOwnedIn(tx))) return [];
    return tx.all<ReadyChunk>(
      `SELECT ${READY_COLUMNS} FROM sends s JOIN chunks c ON c.send_seq = s.seq
       WHERE s.sender = ? AND s.state = 'running' ORDER BY s.seq, c.number`,
      this.#sender,
    );
  }

  nothingLeft(): void {}
}
