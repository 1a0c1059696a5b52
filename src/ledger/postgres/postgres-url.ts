import { accessSync, constants } from 'node:fs';
import { TidingsError } from '../../errors.ts';

export interface PostgresUrl {
  /** For the driver: without what only Tidings knows. */
  readonly connectionString: string;
  readonly schema: string;
  /** For people: without user and password. */
  readonly shown: string;
}

/** @throws TidingsError `configuration` for what is no such URL; the value is not repeated, it may hold a password. */
export function readPostgresUrl(text: string): PostgresUrl {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw new TidingsError('configuration', 'DATABASE_URL is no PostgreSQL address.', {
      fix: 'Write it as postgres://user:password@host:5432/database; percent-encode special characters.',
    });
  }
  const schema = url.searchParams.get('schema') ?? 'tidings';
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(schema)) {
    throw new TidingsError(
      'configuration',
      `DATABASE_URL names the schema "${schema}", which cannot be used.`,
      {
        fix: 'Use up to 40 of a to z, 0 to 9 and _.',
      },
    );
  }
  url.searchParams.delete('schema');
  checkTls(url.searchParams);
  const database = url.pathname.slice(1) || url.username || 'postgres';
  return {
    connectionString: url.href,
    schema,
    shown: `${url.hostname}:${url.port || 5432}/${database} (schema ${schema})`,
  };
}

const MODES = ['disable', 'no-verify', 'prefer', 'require', 'verify-ca', 'verify-full'];

/**
 * With TLS, the certificate and its name are checked: the driver takes the four modes that ask for it alike, and warns
 * of three of them. `no-verify` is its word for TLS without a look at the certificate.
 */
function checkTls(given: URLSearchParams): void {
  const mode = given.get('sslmode');
  if (mode !== null && !MODES.includes(mode)) {
    throw new TidingsError('configuration', `DATABASE_URL has sslmode=${mode}, which is none.`, {
      fix: `Use one of ${MODES.join(', ')}.`,
    });
  }
  if (mode !== null && MODES.indexOf(mode) > 1) given.set('sslmode', 'verify-full');
  for (const name of ['sslrootcert', 'sslcert', 'sslkey']) {
    const file = given.get(name);
    if (file === null) continue;
    try {
      accessSync(file, constants.R_OK);
    } catch {
      throw new TidingsError('configuration', `DATABASE_URL has ${name}=${file}, which cannot be read.`, {
        fix: 'Name a file that this user can read.',
      });
    }
  }
}
