import type { Transaction } from '../../ledger/ledger.ts';
import type { ChunkKey, ChunkRow } from '../sends/chunk.store.ts';
import type { SendRow } from '../sends/send.store.ts';

/** A chunk that may be claimed from, with what is needed of its send. */
export interface ReadyChunk extends ChunkRow {
  id: string;
  state: SendRow['state'];
  /** Of a running send: it is written down why it does not move. */
  problem_code: string | null;
  channel: SendRow['channel'];
  revision: number;
  placeholder_policy: SendRow['placeholder_policy'];
  frozen: number;
  total: number;
}

/** Under which fence it was claimed. */
export type ClaimedChunk = ChunkKey & Pick<ChunkRow, 'fence'>;

export const READY_COLUMNS = `c.send_seq, c.number, c.first_position, c.last_position, c.claimed, c.fence,
  s.id, s.state, s.problem_code, s.channel, s.revision, s.placeholder_policy, s.frozen, s.total`;

/**
 * What the loop of one channel may deliver: all there is, by a lease, where one process sends; the chunks that were
 * handed to this worker, where many do.
 */
export interface Work {
  /** Whether rows are made as the send goes on, by whoever sends; otherwise somebody else makes them. */
  readonly makesRows: boolean;
  /**
   * By this process's own clock: what was claimed of this chunk may leave. Asked again right before it does, with the
   * chunk as it was claimed from: one that was given back and taken again since is another turn's.
   */
  mayDeliver(chunk: ClaimedChunk): boolean;
  /** Cheap: whether a transaction is worth beginning. */
  hasWork(): Promise<boolean>;
  /** Inside the transaction that claims: the chunks of running sends that this process holds, locked until its end. */
  take(tx: Transaction): Promise<ReadyChunk[]>;
  /** There is nothing more to claim from it for now. */
  nothingLeft(key: ChunkKey): void;
}

export function keyOf({ send_seq, number }: ChunkKey): string {
  return `${send_seq}/${number}`;
}
