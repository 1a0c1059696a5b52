import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Pool } from 'undici';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CloudAccount } from '../../../../test/support/cloud-account.ts';
import { type RunningCloudApi, startCloudApi } from '../../../../test/support/cloud-api-server.ts';
import { openPool } from '../../exchange.ts';
import { MediaStore } from './media-store.ts';
import { parseEndpoint } from './settings.ts';

const DAY_MS = 24 * 60 * 60_000;
let files: Server;
let picture: string;
let api: RunningCloudApi;
let pool: Pool;
let store: MediaStore;
let nowMs = Date.parse('2026-05-01T10:00:00Z');
let isGone = false;
const account = new CloudAccount();
const uploads = () => account.files.length;

beforeEach(async () => {
  files = createServer((_, response) =>
    isGone
      ? response.writeHead(404).end()
      : response.writeHead(200, { 'content-type': 'image/png' }).end('png-of-the-test'),
  );
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
  picture = `http://127.0.0.1:${(files.address() as AddressInfo).port}/offer.png`;
  api = await startCloudApi({ account });
  const options = { phoneNumberId: '2001', accessToken: 'token-of-the-test', ratePerSecond: null };
  const endpoint = parseEndpoint({ ...options, apiUrl: api.url });
  pool = openPool(endpoint, 2);
  store = new MediaStore(pool, endpoint, () => nowMs);
});

afterEach(async () => {
  await pool.destroy();
  await api.stop();
  await new Promise((resolve) => files.close(resolve));
});

it('a file is handed over once, and again after 25 days, before its id of 30 days is gone', async () => {
  const ids = await Promise.all([store.idOf(picture), store.idOf(picture), store.idOf(picture)]);
  expect([new Set(ids.map((one) => one.ok && one.value)).size, uploads()]).toEqual([1, 1]);
  nowMs += 25 * DAY_MS - 1;
  expect(await store.idOf(picture)).toEqual(ids[0]);
  expect(uploads()).toBe(1);
  nowMs += 1;
  const later = await store.idOf(picture);
  expect([later.ok && later.value !== (ids[0]!.ok && ids[0]!.value), uploads()]).toEqual([true, 2]);
  expect(await store.idOf(picture)).toEqual(later);
  expect(uploads()).toBe(2);

  // What could not be had is asked for again by the next message.
  nowMs += 25 * DAY_MS;
  isGone = true;
  expect(await store.idOf(picture)).toMatchObject({ ok: false, problem: { code: 'media_missing' } });
  isGone = false;
  expect(await store.idOf(picture)).toMatchObject({ ok: true });
  expect(uploads()).toBe(3);
});
