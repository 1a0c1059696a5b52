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
const CERTIFICATE = {
  what: 'The database shows a certificate that is not trusted',
  fix: 'Name the certificate of whoever signed it: ?sslmode=verify-full&sslrootcert=/path/ca.pem in DATABASE_URL.',
};
/** Before there is a connection: by the code of Node or OpenSSL. */
const NO_CONNECTION: Record<string, { what: string; fix: string }> = {
  ECONNREFUSED: {
    what: 'The database cannot be reached: it refused the connection',
    fix: 'See that it runs and listens there, and check host and port in DATABASE_URL.',
  },
  ENOTFOUND: {
    what: 'The database cannot be reached: there is no host of that name',
    fix: 'Correct the host in DATABASE_URL.',
  },
  EAI_AGAIN: {
    what: 'The database cannot be reached: its name could not be looked up',
    fix: 'Look after the name service of this machine, or correct the host in DATABASE_URL.',
  },
  SELF_SIGNED_CERT_IN_CHAIN: CERTIFICATE,
  DEPTH_ZERO_SELF_SIGNED_CERT: CERTIFICATE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT: CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: CERTIFICATE,
  CERT_HAS_EXPIRED: {
    what: 'The certificate of the database has expired',
    fix: 'Renew it at the database, and check the clock of this machine.',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    what: 'The certificate of the database is for another name',
    fix: 'Use the name in DATABASE_URL that the certificate was made for.',
  },
};
const NO_TLS = {
  what: 'The database offers no TLS, which sslmode in DATABASE_URL asks for',
  fix: 'Switch ssl on at the database, or, where the way there is safe, set sslmode=disable.',
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
    : lineProblem(code, (error as Error).message);
  return problem
    ? new TidingsError('storage', `${problem.what}.`, { fix: problem.fix, cause: error })
    : error;
}

function lineProblem(code: string, message: string) {
  if (/does not support SSL/i.test(message)) return NO_TLS;
  if (NO_CONNECTION[code]) return NO_CONNECTION[code];
  return code !== '' || LOST.test(message) ? UNREACHABLE : undefined;
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
