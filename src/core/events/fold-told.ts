import type { Transaction } from '../../ledger/ledger.ts';
import { DID_NOT_ARRIVE, type Told } from '../deliveries/receipt.store.ts';
import type { SendEnded } from '../deliveries/send-ended.ts';
import { applyTold } from '../deliveries/settle.ts';
import type { ChunkRow } from '../sends/chunk.store.ts';
import { completeIfSettled, lockSend, moveSend, transition } from '../sends/send.store.ts';
import type { EventDetail } from './event.ts';
import type { UnfoldedRow } from './fold.store.ts';
import { STAMP_OF } from './fold-receipts.ts';

/** As many failures with one code say that the message is wrong, not the leads. */
const BREAKER_AT = 20;
/** Of what has left: where more than this comes back, large providers close the account of whoever sends. */
const BREAKER_SHARE = 0.05;
/** What is told later than this says nothing of how things stand now. */
const RECENT_MS = 15 * 60_000;

export function detailOf(row: Pick<UnfoldedRow, 'detail'>): EventDetail {
  return row.detail === null ? {} : (JSON.parse(row.detail) as EventDetail);
}

/**
 * Moves deliveries by what was told of their attempts: what was unknown is sent, what was sent did not arrive. Rows that
 * say what was told already are not looked at, which are nearly all. Chunk before row, as whoever sends locks them.
 * @returns the sends that ended by it
 */
export async function foldTold(tx: Transaction, rows: readonly UnfoldedRow[]): Promise<SendEnded[]> {
  const ended: SendEnded[] = [];
  const telling = rows.filter(changesRow);
  const bySend = [...Map.groupBy(telling, ({ send_seq }) => send_seq!)].sort(([one], [other]) => one - other);
  for (const [sendSeq, ofSend] of bySend) {
    const chunks = await tx.all<ChunkRow>('SELECT * FROM chunks WHERE send_seq = ? ORDER BY number', sendSeq);
    let isDone = false;
    for (const chunk of chunks) {
      const told = ofSend
        .filter(({ position }) => position! >= chunk.first_position && position! <= chunk.last_position)
        .map(toTold);
      if (told.length === 0) continue;
      await tx.get(
        'SELECT 1 AS locked FROM chunks WHERE send_seq = ? AND number = ? FOR UPDATE',
        sendSeq,
        chunk.number,
      );
      isDone = (await applyTold(tx, chunk, told)).isDone || isDone;
    }
    if (isDone && (await completeIfSettled(tx, sendSeq)))
      ended.push({ send: ofSend[0]!.send_id!, state: 'completed' });
  }
  ended.push(...(await pause(tx, telling)));
  return ended;
}

function isFailure({ type }: UnfoldedRow): boolean {
  return type === 'failed' || type === 'bounced';
}

function changesRow(row: UnfoldedRow): boolean {
  if (row.status === null || row.status === 'skipped' || row.attempt !== row.attempts) return false;
  if (isFailure(row)) return true;
  return STAMP_OF[row.type] !== undefined && row.status !== 'sent';
}

function toTold(row: UnfoldedRow): Told {
  const { messageId = null, because = DID_NOT_ARRIVE, said = null } = detailOf(row);
  return {
    position: row.position!,
    attempt: row.attempt!,
    at: row.occurred_at,
    messageId,
    failed: isFailure(row) ? { code: row.code ?? row.type, error: because, said } : null,
  };
}

/** What is wrong with the account or the message keeps the rest from leaving, as when an answer says it. */
async function pause(tx: Transaction, rows: readonly UnfoldedRow[]): Promise<SendEnded[]> {
  const ended: SendEnded[] = [];
  const isNews = (row: UnfoldedRow) => isFailure(row) && row.received_at - row.occurred_at < RECENT_MS;
  for (const same of Map.groupBy(
    rows.filter(isNews),
    ({ send_seq, code }) => `${send_seq} ${code}`,
  ).values()) {
    const row = same[0]!;
    const { pauses, because = DID_NOT_ARRIVE, said } = detailOf(row);
    if (pauses === undefined) continue;
    const problem = { code: row.code ?? row.type, message: because, ...(said !== undefined && { said }) };
    if (pauses.endsWith('_if_repeated') && !(await isRepeated(tx, row, same.length))) continue;
    let sends: string[] = [];
    if (pauses.startsWith('sender')) {
      const sender = row.sender === null ? '(SELECT o.sender FROM sends o WHERE o.seq = ?)' : '?';
      const running = {
        where: `sender = ${sender} AND state = 'running'`,
        parameters: [row.sender ?? row.send_seq],
      };
      sends = await transition(tx, 'pause', running, problem);
    } else {
      if ((await lockSend(tx, row.send_seq!))?.state !== 'running') continue;
      await moveSend(tx, row.send_seq!, 'pause', problem);
      sends = [row.send_id!];
    }
    for (const send of sends)
      ended.push({ send, state: 'paused', code: problem.code, problem: because, ...(said && { said }) });
  }
  return ended;
}

/**
 * Whether these were the twentieth, fortieth … of a send to fail with this code. What mail servers refuse has to be a part
 * of the send as well: among many recipients there are always some servers that take no bulk mail.
 */
async function isRepeated(
  tx: Transaction,
  { send_seq, code, type }: UnfoldedRow,
  more: number,
): Promise<boolean> {
  const { count } = (await tx.get<{ count: number }>(
    `SELECT CAST(coalesce(sum(count), 0) AS BIGINT) AS count FROM delivery_errors
     WHERE send_seq = ? AND status = 'failed' AND code = ?`,
    send_seq,
    code,
  ))!;
  if (Math.floor(count / BREAKER_AT) === Math.floor((count - more) / BREAKER_AT)) return false;
  if (type !== 'bounced') return true;
  const { settled } = (await tx.get<{ settled: number }>(
    'SELECT CAST(sum(sent) + sum(failed) AS BIGINT) AS settled FROM chunks WHERE send_seq = ?',
    send_seq,
  ))!;
  return count >= settled * BREAKER_SHARE;
}
