import { createHash } from 'node:crypto';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Set where the tests run on PostgreSQL. */
    databaseUrl: string;
  }
}

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

function databaseUrl(): string | null {
  // Outside of a test run (`npm run torture`) the environment says it.
  if (!process.env['VITEST']) return process.env['DATABASE_URL'] ?? null;
  return inject('databaseUrl') ?? null;
}
