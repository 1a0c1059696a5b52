import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { TEST_CERTIFICATE, TEST_KEY } from '../../../test/support/smtp-server.ts';
import type { World } from '../../operations/sends/fetch-file.ts';
import { ClientDocuments } from './client-documents.ts';

let asked: string[] = [];
const web = createServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, (request, response) => {
  asked.push(request.url!);
  const about = { client_id: at('/app'), client_name: 'Claude', redirect_uris: ['https://claude.ai/cb'] };
  if (request.url === '/moved') response.writeHead(302, { location: '/app' }).end();
  else if (request.url === '/large') response.end(JSON.stringify({ ...about, more: 'x'.repeat(20_000) }));
  else if (request.url === '/words') response.end('<html>');
  else if (request.url === '/bad')
    response.end(JSON.stringify({ ...about, client_id: at('/bad'), redirect_uris: ['javascript:x'] }));
  else response.end(JSON.stringify(about));
});
await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
const at = (path: string) => `https://localhost:${(web.address() as AddressInfo).port}${path}`;
afterAll(() => web.close());
beforeEach(() => {
  asked = [];
});

/** A world in which the test's own server is on the internet. */
const WORLD: World = {
  isPublic: () => true,
  ca: TEST_CERTIFICATE,
  lookup: ((_: string, __: object, done: (...given: unknown[]) => void) =>
    done(null, [{ address: '127.0.0.1', family: 4 }])) as unknown as World['lookup'],
};

it('an app is what the document at its address says, and that is asked for once', async () => {
  const documents = new ClientDocuments(WORLD);
  const client = { id: at('/app'), name: 'Claude', redirectUris: ['https://claude.ai/cb'] };
  expect(await documents.find(at('/app'))).toEqual(client);
  expect(await documents.find(at('/app'))).toEqual(client);
  expect(asked).toEqual(['/app']);
});

it.each([
  ['/other', 'of another app'],
  ['/moved', 'could not be read'],
  ['/large', 'could not be read'],
  ['/words', 'could not be read'],
  ['/bad', 'redirect_uri'],
])('%s is refused: %s', async (path, why) => {
  const refused = new ClientDocuments(WORLD).find(at(path));
  await expect(refused).rejects.toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining(why),
  });
  expect(asked).toEqual([path]);
});

it('nothing is asked of a private address', async () => {
  for (const address of [at('/app'), 'https://127.0.0.1/app', 'https://169.254.169.254/app'])
    await expect(new ClientDocuments().find(address)).rejects.toMatchObject({ code: 'invalid_argument' });
  expect(asked).toEqual([]);
});

it.each([
  ['http://app.example/x'],
  ['https://app.example/'],
  ['https://app.example'],
  ['https://u:p@app.example/x'],
  ['https://app.example/x#y'],
  ['https://app.example/a/../x'],
  ['0199a1c2-1111-7000-8000-000000000001'],
])('%s is no address of such a document', (id) => {
  expect(ClientDocuments.isAddress(id)).toBe(false);
});
