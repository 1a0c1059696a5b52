import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { type Category, contentKey, type TemplateContent, type TemplateStatus } from './template.ts';
import type { ProviderTemplate, RegistryProblem } from './template-registry.ts';

export interface TemplateRow {
  readonly seq: number;
  readonly sender: string;
  readonly name: string;
  readonly language: string;
  readonly content_key: string;
  readonly category: string;
  readonly status: TemplateStatus;
  readonly reason: string | null;
  /** JSON of a {@link RegistryProblem}. */
  readonly problem: string | null;
  readonly quality: string | null;
  /** JSON of a {@link TemplateContent}. */
  readonly content: string;
  /** JSON: slot → sample. */
  readonly samples: string | null;
  readonly provider_id: string | null;
  readonly submitted_at: number | null;
  readonly checked_at: number | null;
  readonly check_at: number | null;
  readonly checks: number;
  readonly created_at: string;
}

export interface TemplateKey {
  readonly sender: string;
  readonly name: string;
  readonly language: string;
}

export function findTemplate(
  reader: Reader,
  { sender, name, language }: TemplateKey,
): Promise<TemplateRow | undefined> {
  return reader.get<TemplateRow>(
    'SELECT * FROM templates WHERE sender = ? AND name = ? AND language = ?',
    sender,
    name,
    language,
  );
}

/** Every language of it. */
export function findByName(reader: Reader, sender: string, name: string): Promise<TemplateRow[]> {
  return reader.all<TemplateRow>(
    'SELECT * FROM templates WHERE sender = ? AND name = ? ORDER BY language',
    sender,
    name,
  );
}

/** Of the same wording. */
export function findByContent(reader: Reader, sender: string, key: string): Promise<TemplateRow[]> {
  return reader.all<TemplateRow>(
    'SELECT * FROM templates WHERE sender = ? AND content_key = ? ORDER BY seq',
    sender,
    key,
  );
}

/** In the order of their numbers. */
export function listTemplates(
  reader: Reader,
  filter: {
    readonly sender?: string | undefined;
    readonly status?: string | undefined;
    readonly afterSeq: number;
    readonly limit: number;
  },
): Promise<TemplateRow[]> {
  return reader.all<TemplateRow>(
    `SELECT * FROM templates WHERE seq > ? AND sender = coalesce(CAST(? AS TEXT), sender)
       AND status = coalesce(CAST(? AS TEXT), status) ORDER BY seq LIMIT ?`,
    filter.afterSeq,
    filter.sender ?? null,
    filter.status ?? null,
    filter.limit,
  );
}

/** One that is to be submitted, unless the provider has one of its name already. */
export async function insertDraft(
  tx: Transaction,
  { sender, name, language }: TemplateKey,
  draft: {
    readonly category: Category;
    readonly content: TemplateContent;
    readonly samples: Readonly<Record<string, string>> | null;
  },
  nowMs: number,
): Promise<void> {
  await tx.run(
    `INSERT INTO templates (sender, name, language, content_key, category, status, content, samples, check_at, created_at)
     VALUES (?, ?, ?, ?, ?, 'DRAFT', ?, ?, ?, ?)
     ON CONFLICT (sender, name, language) DO UPDATE SET status = 'DRAFT', samples = excluded.samples, provider_id = NULL,
       check_at = excluded.check_at, checks = 0 WHERE templates.status = 'DELETED'`,
    sender,
    name,
    language,
    contentKey(draft.content),
    draft.category,
    JSON.stringify(draft.content),
    draft.samples && JSON.stringify(draft.samples),
    nowMs,
    new Date(nowMs).toISOString(),
  );
}

/** As the provider has it now, whoever made it. When it is looked at next stays as it was. */
export async function saveFound(
  tx: Transaction,
  sender: string,
  found: ProviderTemplate,
  nowMs: number,
): Promise<void> {
  await tx.run(
    `INSERT INTO templates (sender, name, language, content_key, category, status, reason, quality, content, provider_id,
       checked_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (sender, name, language) DO UPDATE SET content_key = excluded.content_key, category = excluded.category,
       status = excluded.status, reason = excluded.reason, quality = excluded.quality, content = excluded.content,
       provider_id = excluded.provider_id, checked_at = excluded.checked_at, problem = NULL, samples = NULL,
       checks = CASE WHEN templates.status = excluded.status THEN templates.checks ELSE 0 END`,
    sender,
    found.name,
    found.content.language,
    contentKey(found.content),
    found.category,
    found.status,
    found.reason,
    found.quality,
    JSON.stringify(found.content),
    found.providerId,
    nowMs,
    new Date(nowMs).toISOString(),
  );
}

/** Those of a sender that a list, read to its end, did not hold: the provider has them no more. */
export async function markGone(tx: Transaction, sender: string, beforeMs: number): Promise<number> {
  return tx.run(
    `UPDATE templates SET status = 'DELETED', check_at = NULL, checks = 0
     WHERE sender = ? AND status NOT IN ('DRAFT', 'DELETED') AND coalesce(checked_at, submitted_at, 0) < ?`,
    sender,
    beforeMs,
  );
}

export async function setStatus(
  tx: Transaction,
  seq: number,
  status: TemplateStatus,
  more: {
    readonly reason?: string | null;
    readonly problem?: RegistryProblem | null;
    readonly category?: string;
    readonly providerId?: string;
    readonly submittedAt?: number;
    readonly checkAt: number | null;
  },
): Promise<void> {
  await tx.run(
    `UPDATE templates SET status = ?, reason = ?, problem = ?, category = coalesce(CAST(? AS TEXT), category),
       provider_id = coalesce(CAST(? AS TEXT), provider_id), submitted_at = coalesce(CAST(? AS BIGINT), submitted_at),
       samples = CASE WHEN CAST(? AS BIGINT) IS NULL THEN samples ELSE NULL END, check_at = ?,
       checks = CASE WHEN status = ? THEN checks ELSE 0 END WHERE seq = ?`,
    status,
    more.reason ?? null,
    more.problem ? JSON.stringify(more.problem) : null,
    more.category ?? null,
    more.providerId ?? null,
    more.submittedAt ?? null,
    more.submittedAt ?? null,
    more.checkAt,
    status,
    seq,
  );
}

/** Those whose turn has come, the longest waiting first. */
export function dueTemplates(reader: Reader, sender: string, nowMs: number): Promise<TemplateRow[]> {
  return reader.all<TemplateRow>(
    'SELECT * FROM templates WHERE sender = ? AND check_at <= ? ORDER BY check_at LIMIT 20',
    sender,
    nowMs,
  );
}

/**
 * Of several processes one asks the provider: the one that moves the time on.
 * @returns whether it is the caller
 */
export async function takeDue(
  tx: Transaction,
  { seq, check_at }: Pick<TemplateRow, 'seq' | 'check_at'>,
  againAtMs: number,
): Promise<boolean> {
  const sql = 'UPDATE templates SET check_at = ?, checks = checks + 1 WHERE seq = ? AND check_at = ?';
  return (await tx.run(sql, againAtMs, seq, check_at)) > 0;
}

/** A person has looked after it: what was said of it holds no longer, and it is submitted or asked for at once. */
export async function recheckTemplate(
  tx: Transaction,
  { sender, name, language }: TemplateKey,
  nowMs: number,
): Promise<void> {
  await tx.run(
    `UPDATE templates SET problem = NULL, checks = 0, check_at = ?,
       status = CASE WHEN provider_id IS NULL THEN 'DRAFT' WHEN status IN ('APPROVED', 'PENDING', 'PAUSED') THEN status
         ELSE 'UNKNOWN' END
     WHERE sender = ? AND name = ? AND language = ?`,
    nowMs,
    sender,
    name,
    language,
  );
}

export async function checkAgainAt(tx: Transaction, seq: number, atMs: number | null): Promise<void> {
  await tx.run('UPDATE templates SET check_at = ? WHERE seq = ?', atMs, seq);
}

export async function deleteTemplate(tx: Transaction, seq: number): Promise<void> {
  await tx.run('DELETE FROM templates WHERE seq = ?', seq);
}

/** Whoever is erased may be the one a sample was taken from: none is kept. */
export async function forgetSamples(tx: Transaction): Promise<void> {
  await tx.run('UPDATE templates SET samples = NULL WHERE samples IS NOT NULL');
}

export function contentOf({ content }: Pick<TemplateRow, 'content'>): TemplateContent {
  return JSON.parse(content) as TemplateContent;
}

export function problemOf({ problem }: Pick<TemplateRow, 'problem'>): RegistryProblem | null {
  return problem === null ? null : (JSON.parse(problem) as RegistryProblem);
}
