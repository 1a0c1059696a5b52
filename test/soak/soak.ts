import { once } from 'node:events';
import { join } from 'node:path';
import { Pool } from 'undici';
import { freshFolder, removeFolder } from '../support/core.ts';
import { startSmtpServer } from '../support/smtp-server.ts';
import { TidingsProcess } from '../support/tidings-process.ts';
import { type Call, DOORS, type World } from './doors.ts';

export interface SoakedDoor {
  readonly door: string;
  readonly calls: number;
  /** By how much the heap is larger after the calls than before, both times without garbage. */
  readonly grownBytes: number;
  readonly callsPerSecond: number;
}

/** More at once than any agent, few enough for the order of things to stay the same. */
const AT_ONCE = 8;
/** Code is compiled and caches fill with the first calls. */
const WARM_UP = 100;
const KEY = 'a key for the soak, long enough';

/** A real server with a send that is done and one that takes hours; then `calls` through each door, one door after the other. */
export async function soak(options: {
  calls: number;
  only?: (door: string) => boolean;
  report?: (door: SoakedDoor) => void;
}): Promise<SoakedDoor[]> {
  const folder = freshFolder();
  const smtp = await startSmtpServer({});
  const server = new TidingsProcess(
    ['serve'],
    {
      TIDINGS_DATA_DIR: folder,
      TIDINGS_API_KEY: KEY,
      PORT: '0',
      SMTP_URL: `${smtp.url}?tls=off`,
      EMAIL_FROM: 'soak@example.com',
      SMTP_RATE: '0.01',
    },
    [join(import.meta.dirname, 'tell-heap.ts')],
  );
  try {
    await server.ready;
    const pool = new Pool(server.url, { connections: AT_ONCE });
    const world = await makeWorld(pool);
    const soaked: SoakedDoor[] = [];
    for (const [door, call] of Object.entries(DOORS)) {
      if (options.only?.(door) === false) continue;
      await repeat(call, Math.min(WARM_UP, options.calls), pool, world);
      const before = await heapOf(server);
      const startedAt = performance.now();
      await repeat(call, options.calls, pool, world);
      const callsPerSecond = options.calls / ((performance.now() - startedAt) / 1_000);
      const grownBytes = (await heapOf(server)) - before;
      soaked.push({ door, calls: options.calls, grownBytes, callsPerSecond });
      options.report?.(soaked.at(-1)!);
    }
    await pool.close();
    return soaked;
  } finally {
    await server.end('SIGKILL');
    await smtp.stop();
    removeFolder(folder);
  }
}

async function repeat(call: Call, calls: number, pool: Pool, world: World): Promise<void> {
  let left = calls;
  const line = async () => {
    while (left-- > 0) await call(pool, world);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
}

async function heapOf(server: TidingsProcess): Promise<number> {
  const answer = once(server.child, 'message');
  server.child.send('heap');
  return (
    await Promise.race([
      answer,
      server.ended.then(() => Promise.reject(new Error(`the server died: ${server.log.at(-1)}`))),
    ])
  )[0] as number;
}

async function makeWorld(pool: Pool): Promise<World> {
  const post = async (path: string, body: object) => {
    const headers = { 'x-api-key': KEY, 'content-type': 'application/json' };
    const answer = await pool.request({
      path: `/api${path}`,
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return (await answer.body.json()) as Record<string, unknown>;
  };
  const leads = Array.from({ length: 50 }, (_, at) => ({
    email: `lead${at}@example.com`,
    phone: `+52155123400${String(at).padStart(2, '0')}`,
  }));
  await post('/leads/import', { leads });
  const { audience_id } = await post('/audiences', { name: 'Everyone' });
  const audienceId = audience_id as string;
  const done = { audience_id, channel: 'whatsapp', message: 'Hi' };
  const endless = { audience_id, channel: 'email', subject: 'Hello', message: 'Hi' };
  const { state } = await post('/sends', done);
  const { state: other } = await post('/sends', { ...endless, max_wait_seconds: 0 });
  if (state !== 'completed' || other !== 'running') throw new Error(`the sends are ${state} and ${other}`);
  return { key: KEY, audienceId, done, endless };
}
