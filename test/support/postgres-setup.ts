import { startPostgres } from './postgres-server.ts';

// What closes the embedded server at the end leaves with code 0, whatever the tests came to.
let code: typeof process.exitCode;
process.prependListener('beforeExit', () => {
  code = process.exitCode;
});
process.on('exit', () => {
  process.exitCode = code ?? process.exitCode;
});

/**
 * The tests of the projects on PostgreSQL share one server: the one of `DATABASE_URL`, else one of their own. None of them
 * pulls the plug of its machine, so it does not wait for the disk.
 */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['TIDINGS_TEST_SERVER']) return;
  const given = process.env['DATABASE_URL'];
  const server = given ? null : await startPostgres(['fsync=off', 'full_page_writes=off']);
  process.env['TIDINGS_TEST_SERVER'] = given ?? server!.url;
  return async () => server?.remove();
}
