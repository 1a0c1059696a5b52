import { lookup } from 'node:dns';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { TEST_CERTIFICATE, TEST_KEY } from '../../../test/support/smtp-server.ts';
import { isPublicAddress } from '../../public-address.ts';
import { fetchFile, type World } from './fetch-file.ts';

let asked: string[] = [];
const web = createServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, (request, response) => {
  asked.push(request.url!);
  if (request.url === '/to-metadata')
    response.writeHead(302, { location: 'https://169.254.169.254/latest/' }).end();
  else if (request.url === '/to-http') response.writeHead(302, { location: 'http://localhost/x' }).end();
  else if (request.url === '/round') response.writeHead(302, { location: '/round' }).end();
  else if (request.url === '/moved') response.writeHead(301, { location: '/a%20b.pdf?x=1' }).end();
  else if (request.url === '/gone') response.writeHead(404).end();
  else if (request.url === '/large') response.end(Buffer.alloc(3_000));
  else response.writeHead(200, { 'content-type': 'application/pdf; charset=x' }).end('%PDF');
});
await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
const { port } = web.address() as AddressInfo;
afterAll(() => web.close());
beforeEach(() => {
  asked = [];
});

/** A world in which the test's own server is on the internet. */
const WORLD: World = {
  isPublic: (address) => address === '127.0.0.1' || isPublicAddress(address),
  ca: TEST_CERTIFICATE,
  lookup: ((_: string, __: object, done: (...given: unknown[]) => void) =>
    done(null, [{ address: '127.0.0.1', family: 4 }])) as unknown as World['lookup'],
};
const ours = (path: string, most = 2_000) =>
  fetchFile(`https://localhost:${port}${path}`, most, undefined, WORLD);

it('a file is read with its name and type, behind a redirect too', async () => {
  const file = await ours('/moved');
  expect({ ...file, bytes: file.bytes.toString() }).toEqual({
    bytes: '%PDF',
    filename: 'a b.pdf',
    contentType: 'application/pdf',
  });
});

it.each([
  ['/gone', 'answered 404'],
  ['/large', 'more than'],
  ['/round', 'answered 302'],
  ['/to-metadata', 'private address'],
  ['/to-http', 'is no https://'],
])('%s is refused', async (path, why) => {
  await expect(ours(path)).rejects.toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining(why),
  });
});

it.each([
  '127.0.0.1',
  '127.1.2.3',
  '10.0.0.5',
  '172.20.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '::1',
  '::',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  'fe80::1',
  'fd00::1',
  'ff02::1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '2001:0:7f00:1::',
  '2001:db8::1',
  'no address',
])('%s is no public address', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::8'])(
  '%s is one',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

it.each([
  `https://127.0.0.1:${port}/x`,
  `https://localhost:${port}/x`,
  `https://[::1]:${port}/x`,
  `https://[::ffff:127.0.0.1]:${port}/x`,
  `https://2130706433:${port}/x`,
  `https://0x7f.1:${port}/x`,
  `https://127.0.0.1.:${port}/x`,
  `http://localhost:${port}/x`,
  'file:///etc/passwd',
  '/etc/passwd',
  'data:text/plain,x',
  `https://user:pass@localhost:${port}/x`,
])('nothing of this machine is read by %s', async (url) => {
  const world = { isPublic: isPublicAddress, ca: TEST_CERTIFICATE, lookup };
  await expect(fetchFile(url, 2_000, undefined, world)).rejects.toMatchObject({
    code: 'invalid_argument',
    message: expect.stringMatching(/private address|is no https/),
  });
  expect(asked).toEqual([]);
});

it('a name that leads to this machine is refused where the connection is made', async () => {
  const world = { isPublic: isPublicAddress, ca: TEST_CERTIFICATE, lookup };
  await expect(fetchFile(`https://localhost:${port}/x`, 2_000, undefined, world)).rejects.toMatchObject({
    message: expect.stringContaining('private address'),
  });
  expect(asked).toEqual([]);
});
