import type { Transaction } from '../../ledger/ledger.ts';
import type { ClaimedChunk, ReadyChunk } from '../deliveries/ready-chunk.ts';
import type { ChunkKey } from '../sends/chunk.store.ts';

/**
 * What the loop of one sender may deliver: all there is, by a lease, where one process sends; the chunks that were
 * handed to this worker, where many do.
 */
export interface Assignment {
  /** Whether rows are made as the send goes on, by whoever sends; otherwise somebody else makes them. */
  readonly makesRows: boolean;
  /**
   * By this process's own clock: what was claimed of this chunk may leave. Asked again right before it does, with the
   * chunk as it was claimed from: one that was given back and taken again since belongs to another cycle.
   */
  mayDeliver(chunk: ClaimedChunk): boolean;
  /** Cheap: whether a transaction is worth beginning. */
  hasWork(): Promise<boolean>;
  /** Inside the transaction that claims: the chunks of running sends that this process owns, locked until its end. */
  lockChunks(tx: Transaction): Promise<ReadyChunk[]>;
  /** There is nothing more to claim from it for now. */
  nothingLeft(key: ChunkKey): void;
}
