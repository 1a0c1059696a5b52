import { AsyncLocalStorage } from 'node:async_hooks';
import { holds } from '../core/access/access.ts';
import { type AuditRow, endAudit, insertAudit, isInAudit } from '../core/access/audit.store.ts';
import { findKey } from '../core/access/key.store.ts';
import { findGrant } from '../core/access/oauth/oauth.store.ts';
import { findUser } from '../core/access/user.store.ts';
import { TidingsError } from '../errors.ts';
import type { Ledger, Reader, Transaction } from '../ledger/ledger.ts';
import { callerName } from './caller-name.ts';
import type { Caller, Operation } from './operation.ts';

/** A call that may change something, from its beginning to its answer. */
interface Trail {
  readonly caller: Caller;
  readonly row: Omit<AuditRow, 'seq' | 'at'>;
  /** Of the row, once the transaction that wrote it is on disk. */
  seq: number | null;
  isWriting: boolean;
  isOver: boolean;
}

const calls = new AsyncLocalStorage<Trail>();

/** Arguments and fields of answers that name what it was done to; never a contact, and nothing that somebody wrote. */
const SUBJECTS = [
  'send_id',
  'import_id',
  'lead_id',
  'draft_id',
  'audience_id',
  'key_id',
  'user_id',
  'app_id',
  'code',
  'key',
  'user',
  'app',
];
/** Refusals that say something of a caller. Others are slips, which would fill it. */
const TOLD = ['conflict', 'repeat', 'changed', 'unconfirmed', 'declined', 'forbidden', 'unauthorized'];

/**
 * The ledger as operations are given it. The first transaction of a call writes down who did what, so that there is no
 * change without its row; and every transaction looks whether the caller's key, or the person, still holds.
 */
export function audited(ledger: Ledger): Ledger {
  const during = async <T>(
    write: (work: (tx: Transaction) => Promise<T>) => Promise<T>,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<T> => {
    const trail = calls.getStore();
    if (!trail || trail.isOver) return write(work);
    const isFirst = trail.seq === null && !trail.isWriting;
    trail.isWriting ||= isFirst;
    let seq: number | null = null;
    try {
      const result = await write(async (tx) => {
        await refuseRevoked(tx, trail.caller);
        const done = await work(tx);
        if (isFirst && !(await isTold(tx, trail.row)))
          seq = await insertAudit(tx, { at: Date.now(), ...trail.row });
        return done;
      });
      if (isFirst) trail.seq = seq;
      return result;
    } finally {
      if (isFirst) trail.isWriting = false;
    }
  };
  return {
    dialect: ledger.dialect,
    all: (sql, ...parameters) => ledger.all(sql, ...parameters),
    get: (sql, ...parameters) => ledger.get(sql, ...parameters),
    write: (work) => during((one) => ledger.write(one), work),
    writeConcurrently: (work) => during((one) => ledger.writeConcurrently(one), work),
    ...(ledger.cleanLog && { cleanLog: () => ledger.cleanLog!() }),
    close: () => ledger.close(),
  };
}

/** An operation whose calls leave a row each, where it changes something or is refused for who calls. */
export function withTrail(operation: Operation, ledger: Ledger): Operation {
  if (operation.effect === 'read') return operation;
  const follow = async <T>(caller: Caller, input: object, work: () => Promise<T>): Promise<T> => {
    const row = { ...about(operation, caller), subject: subjectOf(input), answer: answerOf(input) };
    const trail: Trail = { caller, row, seq: null, isWriting: false, isOver: false };
    try {
      const result = await calls.run(trail, work);
      const { success, code } = result as { success?: boolean; code?: string };
      await end(
        ledger,
        trail,
        subjectOf(result as object) ?? row.subject,
        success === false ? (code ?? 'failed') : row.answer,
      );
      return result;
    } catch (error) {
      await end(ledger, trail, row.subject, error instanceof TidingsError ? error.code : 'internal').catch(
        () => {},
      );
      throw error;
    } finally {
      trail.isOver = true;
    }
  };
  const { run, upload } = operation;
  return {
    ...operation,
    run: (input, call) => follow(call.caller, input, () => run(input, call)),
    ...(upload && {
      upload: (bytes: AsyncIterable<Uint8Array>, input: never, call: never) =>
        follow((call as { caller: Caller }).caller, input, () => upload(bytes, input, call)),
    }),
    async noteRefusal(caller, answer) {
      const row = { at: Date.now(), ...about(operation, caller), subject: null, answer };
      await ledger.write((tx) => insertAudit(tx, row));
    },
  };
}

/** What is written is saved every few seconds: a row in so long for each draft and whoever writes at it. */
const OFTEN = ['drafts.save'];
const ONCE_IN_MS = 15 * 60_000;

async function isTold(reader: Reader, row: Trail['row']): Promise<boolean> {
  return (
    OFTEN.includes(row.operation) && row.subject !== null && isInAudit(reader, row, Date.now() - ONCE_IN_MS)
  );
}

async function end(ledger: Ledger, trail: Trail, subject: string | null, answer: string): Promise<void> {
  const { row, seq } = trail;
  if (seq !== null && subject === row.subject && answer === row.answer) return;
  if (seq !== null) return ledger.write((tx) => endAudit(tx, seq, { subject, answer }));
  if (TOLD.includes(answer)) await ledger.write((tx) => insertAudit(tx, { at: Date.now(), ...row, answer }));
}

function about({ name }: Operation, { principal, door, client }: Caller) {
  return { who: callerName({ principal }), who_id: principal.id, door, client, operation: name };
}

function subjectOf(values: object): string | null {
  const { lead, ...named } = values as Record<string, unknown>;
  for (const name of SUBJECTS) {
    const value = named[name];
    if (typeof value === 'string') return value.slice(0, 100);
  }
  return (lead as { id?: string } | undefined)?.id ?? null;
}

function answerOf(input: object): string {
  return (input as { dry_run?: boolean }).dry_run === true ? 'dry_run' : 'done';
}

/** @throws TidingsError `unauthorized` when the key or the app was revoked, or the person removed, since the call began */
async function refuseRevoked(reader: Reader, { principal: { kind, id } }: Caller): Promise<void> {
  let stands = true;
  if (kind === 'key') {
    const key = await findKey(reader, id!);
    stands = !key || holds(key, Date.now());
  }
  if (kind === 'user') stands = (await findUser(reader, id!)) !== undefined;
  if (kind === 'app') stands = (await findGrant(reader, id!))?.revoked_at === null;
  if (!stands)
    throw new TidingsError('unauthorized', 'The key, the app or the person may not call any more.');
}
