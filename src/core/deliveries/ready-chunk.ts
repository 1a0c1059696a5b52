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
  frozen_through: number;
  total: number;
}

/** Under which fence it was claimed. */
export type ClaimedChunk = ChunkKey & Pick<ChunkRow, 'fence'>;

export const READY_COLUMNS = `c.send_seq, c.number, c.first_position, c.last_position, c.claimed_through, c.fence,
  s.id, s.state, s.problem_code, s.channel, s.revision, s.placeholder_policy, s.frozen_through, s.total`;

export function keyOf({ send_seq, number }: ChunkKey): string {
  return `${send_seq}/${number}`;
}
