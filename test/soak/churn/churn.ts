import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_OPTIONS } from '../../../bench/support/tidings-server.ts';
import { freshFolder, removeFolder } from '../../support/core.ts';
import { TidingsProcess } from '../../support/tidings-process.ts';
import { endsWithUs } from '../../support/until-exit.ts';
import { Client } from './client.ts';
import { findLosses } from './find-losses.ts';
import { type Churn, MOVES } from './moves.ts';
import { startRecordingSink } from './recording-sink.ts';

const KEY = 'a key for the soak, long enough';
const SECRET = 'soak';
const CLOUD = join(import.meta.dirname, '../../../bench/support/cloud.ts');

/** What a server holds, with its garbage collected. */
export interface Held {
  readonly heapMb: number;
  readonly residentMb: number;
  /** Open files and sockets. */
  readonly handles: number;
  readonly atSecond: number;
}

export interface Churned {
  readonly moves: number;
  readonly calls: number;
  readonly refusedMeanwhile: number;
  readonly sends: number;
  readonly messages: number;
  readonly leads: number;
  /** The first is before any move, the last when all have gone and everything has been sent. */
  readonly held: readonly Held[];
  /** A sentence for each thing that was lost or came twice. */
  readonly losses: readonly string[];
}

/**
 * A real server on which sends are made, paused, edited, resumed and cancelled, files imported and pages looked at while
 * a provider tells what became of its messages, at a steady rate; in the end everything is counted.
 * @param moves how many in all
 * @param everyMs between the beginnings of two; 0: one after the other
 */
export async function churn({
  moves,
  everyMs,
  sampleEvery,
  report = () => {},
}: {
  moves: number;
  everyMs: number;
  /** In moves. */
  sampleEvery: number;
  report?: (held: Held) => void;
}): Promise<Churned> {
  const folder = freshFolder();
  const sink = await startRecordingSink();
  const cloud = spawn(process.execPath, [CLOUD, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  endsWithUs(cloud);
  const [port] = await once(cloud.stdout!, 'data');
  const cloudUrl = `http://127.0.0.1:${String(port).trim()}`;
  const server = new TidingsProcess(
    ['serve'],
    {
      // As `npm start` has them: without, V8 gives back less of what it took.
      NODE_OPTIONS: NODE_OPTIONS.join(' '),
      TIDINGS_DATA_DIR: folder,
      TIDINGS_API_KEY: KEY,
      PORT: '0',
      SMTP_URL: sink.url,
      EMAIL_FROM: 'soak@example.com',
      SMTP_RATE: '100',
      WHATSAPP_API_URL: cloudUrl,
      WHATSAPP_PHONE_NUMBER_ID: '1234567890',
      WHATSAPP_ACCESS_TOKEN: 'soak',
      WHATSAPP_APP_SECRET: SECRET,
      WHATSAPP_RATE: '100',
    },
    [join(import.meta.dirname, '../tell-heap.ts')],
  );
  const held: Held[] = [];
  const startedAt = performance.now();
  const take = async () => {
    held.push(await heldBy(server, (performance.now() - startedAt) / 1_000));
    report(held.at(-1)!);
  };
  try {
    await server.ready;
    await fetch(`${cloudUrl}/tell?secret=${SECRET}&url=${server.url}/webhooks/whatsapp`);
    const client = new Client(server.url, KEY);
    const world: Churn = { client, sends: new Map(), looking: [], leads: 0, made: 0, draft: null };
    const names = Object.keys(MOVES);
    for (let at = 0; at < moves; at++) {
      if (at % sampleEvery === 0) await take();
      const due = startedAt + at * everyMs;
      await sleep(Math.max(0, due - performance.now()));
      await MOVES[names[at % names.length]!]!(world);
    }
    const losses = await findLosses(world, sink, cloudUrl);
    for (const page of world.looking) page.leave();
    await client.close();
    await untilLet(server, held[0]!.handles);
    await take();
    return {
      moves,
      calls: client.calls,
      refusedMeanwhile: client.refusedMeanwhile,
      sends: world.sends.size,
      ...losses,
      leads: world.leads,
      held,
    };
  } finally {
    await server.end('SIGKILL');
    cloud.kill('SIGKILL');
    await ended(cloud);
    await sink.stop();
    removeFolder(folder);
  }
}

/** SMTP sessions, and connections of others, are let go after some seconds without work. */
async function untilLet(server: TidingsProcess, handles: number): Promise<void> {
  const until = performance.now() + 60_000;
  while (handlesOf(server.child) > handles && performance.now() < until) await sleep(100);
}

async function heldBy(server: TidingsProcess, atSecond: number): Promise<Held> {
  const answer = once(server.child, 'message');
  server.child.send('held');
  const died = server.ended.then(() => Promise.reject(new Error(`the server died: ${server.log.at(-1)}`)));
  const [{ heapUsed, rss }] = await Promise.race([answer, died]);
  return { heapMb: heapUsed / 1e6, residentMb: rss / 1e6, handles: handlesOf(server.child), atSecond };
}

function handlesOf({ pid }: ChildProcess): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
