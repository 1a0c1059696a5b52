import type { Reader, Transaction } from '../../ledger/ledger.ts';

/** What somebody was asked about a send, and what they said. */
export interface ApprovalRow {
  readonly seq: number;
  readonly send_seq: number;
  /** null: it was a form. */
  readonly code: string | null;
  readonly content_hash: string;
  readonly recipients: number;
  readonly reached: number;
  readonly counts: string;
  readonly starts_at: number | null;
  readonly asked_by: string;
  readonly asked_at: number;
  readonly decision: 'approved' | 'rejected' | 'void' | null;
  readonly decided_by: string | null;
  readonly decided_at: number | null;
  readonly reason: string | null;
}

type NewApproval = Omit<ApprovalRow, 'seq' | 'reason' | 'decided_at'>;

export async function insertApproval(tx: Transaction, approval: NewApproval): Promise<void> {
  const row = { ...approval, decided_at: approval.decision === null ? null : approval.asked_at };
  const columns = Object.keys(row);
  await tx.run(
    `INSERT INTO approvals (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    ...Object.values(row),
  );
}

/** What was agreed to last; `byForm`: also by a form that a program showed to its person. */
export function findAgreed(
  reader: Reader,
  sendSeq: number,
  byForm: boolean,
): Promise<ApprovalRow | undefined> {
  return reader.get<ApprovalRow>(
    `SELECT * FROM approvals WHERE send_seq = ? AND decision = 'approved' ${byForm ? '' : 'AND code IS NOT NULL'}
     ORDER BY seq DESC LIMIT 1`,
    sendSeq,
  );
}

/** What a send is about to do. */
export interface Step {
  readonly contentHash: string;
  readonly wouldSend: number;
  /** Sent and failed so far. */
  readonly reached: number;
  /** Milliseconds since 1970. */
  readonly startsAtMs: number;
}

/** Whether it is part of what was agreed to: the same message, to no more people than are left of them, and no sooner. */
export function isAgreed(agreed: ApprovalRow | undefined, step: Step): boolean {
  if (!agreed || agreed.content_hash !== step.contentHash) return false;
  const left = agreed.recipients - (step.reached - agreed.reached);
  return step.wouldSend <= left && step.startsAtMs >= (agreed.starts_at ?? 0);
}

/** How long a person may take. */
export const APPROVAL_MS = 7 * 24 * 3_600_000;

/** The last time that a person was asked to look, whatever came of it; forms are no such thing. */
export function findRequest(reader: Reader, sendSeq: number): Promise<ApprovalRow | undefined> {
  return reader.get<ApprovalRow>(
    'SELECT * FROM approvals WHERE send_seq = ? AND code IS NOT NULL ORDER BY seq DESC LIMIT 1',
    sendSeq,
  );
}

export function findByCode(reader: Reader, code: string): Promise<ApprovalRow | undefined> {
  return reader.get<ApprovalRow>('SELECT * FROM approvals WHERE code = ?', code);
}

/** Those that nobody has answered, the oldest first. */
export function listOpen(reader: Reader, sinceMs: number, limit: number): Promise<ApprovalRow[]> {
  return reader.all<ApprovalRow>(
    `SELECT p.* FROM approvals p JOIN sends s ON s.seq = p.send_seq
     WHERE p.code IS NOT NULL AND p.decision IS NULL AND p.asked_at > ? AND s.state = 'paused' ORDER BY p.seq LIMIT ?`,
    sinceMs,
    limit,
  );
}

export function isOpen({ decision, asked_at }: ApprovalRow, nowMs: number): boolean {
  return decision === null && nowMs - asked_at < APPROVAL_MS;
}

export async function decide(
  tx: Transaction,
  seq: number,
  answer: Pick<ApprovalRow, 'decision' | 'decided_by' | 'reason'>,
  nowMs: number,
): Promise<void> {
  await tx.run(
    'UPDATE approvals SET decision = ?, decided_by = ?, reason = ?, decided_at = ? WHERE seq = ? AND decision IS NULL',
    answer.decision,
    answer.decided_by,
    answer.reason,
    nowMs,
    seq,
  );
}

/** What was asked before is not what would leave any more. */
export async function voidRequests(tx: Transaction, sendSeq: number, nowMs: number): Promise<void> {
  await tx.run(
    "UPDATE approvals SET decision = 'void', decided_at = ? WHERE send_seq = ? AND decision IS NULL",
    nowMs,
    sendSeq,
  );
}

/**
 * SQL over a row of `sends`: a person was asked about it, and has not said yes to what was asked last. Nothing starts such
 * a send, in no process and under no setting.
 */
export const NOT_APPROVED = `EXISTS (SELECT 1 FROM approvals p WHERE p.send_seq = sends.seq AND p.code IS NOT NULL
  AND p.decision IS DISTINCT FROM 'approved'
  AND p.seq = (SELECT max(q.seq) FROM approvals q WHERE q.send_seq = sends.seq AND q.code IS NOT NULL))`;
