import { TidingsError } from '../../errors.ts';

/** By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), its class, or the driver's code. */
const PROBLEMS: Record<string, { what: string; fix: string }> = {
  '28': { what: 'The database refused the login', fix: 'Check user and password in DATABASE_URL.' },
  '3D': { what: 'There is no such database', fix: 'Create it, or correct DATABASE_URL.' },
  '42501': {
    what: 'The user of DATABASE_URL may not do this',
    fix: 'Grant it CREATE on the database, and its schema.',
  },
  '53100': {
    what: 'The disk of the database is full',
    fix: 'Free some space; nothing that was confirmed is lost.',
  },
  '53': {
    what: 'The database has no more connections or memory',
    fix: 'Raise max_connections, or run fewer workers.',
  },
  '57014': {
    what: 'The database gave up a statement that took too long',
    fix: 'Nothing of it was done: try again, and look at how busy the database is.',
  },
  '57': {
    what: 'The database is stopping or starting',
    fix: 'Nothing is lost: it goes on when the database is back.',
  },
  '55': {
    what: 'Another process kept a row locked for too long',
    fix: 'Try again; look for a stuck process.',
  },
  '25006': { what: 'The database is read-only', fix: 'Point DATABASE_URL at the primary server.' },
};
const UNREACHABLE = {
  what: 'The database cannot be reached',
  fix: 'Nothing is lost: it goes on when the database is back. Check DATABASE_URL and the network.',
};
const LOST = /terminat|timeout|not queryable|closed|ended/i;

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? '');
}

/** A deadlock, or a wait that was too long: the same work may succeed now. Nothing of it was done. */
export function isAgainstAnother(error: unknown): boolean {
  return ['40001', '40P01', '55P03'].includes(codeOf(error));
}

export function storageError(error: unknown): unknown {
  if (error instanceof TidingsError) return error;
  const code = codeOf(error);
  const isSqlState =
    /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('08') && error instanceof Error && 'severity' in error;
  const problem = isSqlState
    ? (PROBLEMS[code] ?? PROBLEMS[code.slice(0, 2)])
    : code !== '' || LOST.test((error as Error).message)
      ? UNREACHABLE
      : undefined;
  return problem
    ? new TidingsError('storage', `${problem.what}.`, { fix: problem.fix, cause: error })
    : error;
}

/** What is wrong when the database is opened is wrong with the configuration. */
export function unusable(shown: string, error: unknown): TidingsError {
  const known = storageError(error);
  const cause = known instanceof Error ? known.message : String(known);
  const fix = known instanceof TidingsError ? known.fix : 'Check DATABASE_URL.';
  return new TidingsError('configuration', `The database ${shown} cannot be used: ${cause}`, {
    fix,
    cause: error,
  });
}
