import { startPostgres } from './postgres-server.ts';

/** The tests of the project `postgres` share one server: the one of `DATABASE_URL`, else one of their own. */
export default async function setup(): Promise<() => Promise<void>> {
  const given = process.env['DATABASE_URL'];
  const server = given ? null : await startPostgres();
  process.env['TIDINGS_TEST_SERVER'] = given ?? server!.url;
  return async () => server?.remove();
}
