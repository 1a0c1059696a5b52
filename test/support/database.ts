import { createHash } from 'node:crypto';

/** PostgreSQL's address with a schema of the folder's own; null where the tests run on SQLite. */
export function databaseUrlOf(folder: string): string | null {
  const server = databaseUrl();
  if (server === null) return null;
  const url = new URL(server);
  url.searchParams.set('schema', `t_${createHash('sha1').update(folder).digest('hex').slice(0, 16)}`);
  return url.href;
}

/** What a child process needs to use the database of a folder. */
export function databaseEnv(folder: string): Record<string, string> {
  const url = databaseUrlOf(folder);
  return { TIDINGS_DATA_DIR: folder, ...(url !== null && { DATABASE_URL: url }) };
}

export const onPostgres = databaseUrl() !== null;

/** Of a test run on PostgreSQL its server (see `postgres-setup.ts`); of `npm run torture` what the environment says. */
function databaseUrl(): string | null {
  if (!process.env['VITEST']) return process.env['DATABASE_URL'] || null;
  return process.env['TIDINGS_TEST_ON'] === 'postgres' ? process.env['TIDINGS_TEST_SERVER']! : null;
}
