import type { TestProject } from 'vitest/node';
import { startPostgres } from './postgres-server.ts';
import './database.ts';

/** The tests of the project `postgres` share one server: the one of `DATABASE_URL`, else one of their own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['DATABASE_URL'];
  if (given) {
    project.provide('databaseUrl', given);
    return async () => {};
  }
  const server = await startPostgres();
  project.provide('databaseUrl', server.url);
  return () => server.remove();
}
