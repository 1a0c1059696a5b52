import { startPostgres } from './postgres-server.ts';

// What closes the embedded server at the end leaves with code 0, whatever the tests came to.
let code: typeof process.exitCode;
process.prependListener('beforeExit', () => {
  code = process.exitCode;
});
process.on('exit', () => {
  process.exitCode = code ?? process.exitCode;
});

/** The tests of the project `postgres` share one server: the one of `DATABASE_URL`, else one of their own. */
export default async function setup(): Promise<() => Promise<void>> {
  const given = process.env['DATABASE_URL'];
  const server = given ? null : await startPostgres();
  process.env['TIDINGS_TEST_SERVER'] = given ?? server!.url;
  return async () => server?.remove();
}
