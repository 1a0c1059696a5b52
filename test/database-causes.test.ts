import { writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openPostgres } from '../src/ledger/postgres/open-postgres.ts';
import { freshFolder, removeFolder } from './support/core.ts';
import { TEST_CERTIFICATE, TEST_KEY } from './support/smtp-server.ts';

/** What a client of PostgreSQL sends first, to ask for TLS: its length, and a number that is no version. */
const SSL_REQUEST = 8;
/** `FATAL` with SQLSTATE 28P01, as the server words a wrong password. */
const WRONG_PASSWORD = (() => {
  const fields = Buffer.from('SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "ann"\0\0');
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
})();

let folder: string;
let ca: string;
const servers: Server[] = [];
const warnings: Error[] = [];
const hear = (warning: Error) => void warnings.push(warning);

beforeAll(() => {
  folder = freshFolder();
  ca = join(folder, 'ca.pem');
  writeFileSync(ca, TEST_CERTIFICATE);
  process.on('warning', hear);
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

afterAll(() => {
  process.off('warning', hear);
  removeFolder(folder);
});

/** A server that answers a request for TLS, speaks it where it has any, and takes no password. */
async function serve(hasTls: boolean): Promise<number> {
  const refuse = (socket: Socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(WRONG_PASSWORD));
  };
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (first: Buffer) => {
      if (first.length !== SSL_REQUEST) return void socket.end(WRONG_PASSWORD);
      socket.write(hasTls ? 'S' : 'N');
      if (hasTls) refuse(new TLSSocket(socket, { isServer: true, key: TEST_KEY, cert: TEST_CERTIFICATE }));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

const why = (url: string): Promise<string> =>
  openPostgres(url).then(
    () => 'opened',
    ({ message, fix }) => `${message} ${fix}`,
  );

it.each([
  ['refused it', 'postgres://ann:hunter2@127.0.0.1:9/db', 'it refused the connection'],
  ['has no such name', 'postgres://ann:hunter2@db.invalid/db', /no host of that name|could not be looked up/],
])('a database whose host %s is told so', async (_, url, told) => {
  const said = await why(url);
  expect(said).toMatch(told);
  expect(said).not.toContain('hunter2');
});

it('a wrong login is told as that', async () => {
  const said = await why(`postgres://ann:hunter2@127.0.0.1:${await serve(false)}/db`);
  expect(said).toContain('refused the login');
  expect(said).not.toMatch(/hunter2/);
});

it.each(['require', 'verify-ca', 'verify-full'])(
  'sslmode=%s checks the certificate, and the driver warns of nothing',
  async (mode) => {
    const port = await serve(true);
    const at = `postgres://ann:hunter2@localhost:${port}/db?sslmode=${mode}`.replace(
      'localhost',
      '127.0.0.1',
    );
    expect(await why(at)).toContain('a certificate that is not trusted');
    // With the authority named, the way is open as far as the login.
    expect(await why(`${at}&sslrootcert=${ca}`)).toContain('refused the login');
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings.filter(({ message }) => /ssl/i.test(message))).toEqual([]);
  },
);

it('sslmode=no-verify speaks TLS and looks at no certificate; disable speaks none', async () => {
  expect(await why(`postgres://ann@127.0.0.1:${await serve(true)}/db?sslmode=no-verify`)).toContain(
    'refused the login',
  );
  expect(await why(`postgres://ann@127.0.0.1:${await serve(false)}/db?sslmode=disable`)).toContain(
    'refused the login',
  );
});

it('a database without TLS, a file that is not there and a mode that is none are told by name', async () => {
  expect(await why(`postgres://ann@127.0.0.1:${await serve(false)}/db?sslmode=require`)).toContain(
    'offers no TLS',
  );
  expect(await why('postgres://ann@127.0.0.1/db?sslmode=verify-full&sslrootcert=/none.pem')).toContain(
    'sslrootcert=/none.pem, which cannot be read',
  );
  expect(await why('postgres://ann@127.0.0.1/db?sslmode=always')).toContain('sslmode=always, which is none');
});
