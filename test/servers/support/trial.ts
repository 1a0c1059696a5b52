import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { createSmtpSender } from '../../../src/providers/email/smtp/smtp-sender.ts';
import { openCore, removeFolder } from '../../support/core.ts';
import { TEST_CERTIFICATE } from '../../support/smtp-server.ts';

/** One message as the server keeps it: whom it is for, and its Message-ID. */
export interface Stored {
  readonly to: string;
  readonly messageId: string;
}

export interface Trial {
  /** What is printed, for docs/operating/mail-servers.md. */
  readonly what: string;
  readonly url: string;
  readonly messages?: number;
  readonly connections?: number;
  /** Addresses that begin with `no-` are refused by the server: every tenth then is such a one. */
  readonly refuses?: boolean;
  /** Every tenth message goes to a mailbox with letters beyond ASCII before the @. */
  readonly international?: boolean;
  readonly waitSeconds?: number;
  /** The server takes nobody at first: how long by Tidings's clock until everything is tried again. */
  readonly againAfterMs?: number;
  /** Everything that the server holds now. */
  stored(): Stored[] | Promise<Stored[]>;
}

export interface Result {
  readonly sent: number;
  readonly failed: number;
  readonly skipped: number;
  readonly unknown: number;
  readonly remaining: number;
  readonly stored: number;
  /** Messages that the server holds more than once, and people who have more than one. */
  readonly twice: number;
  readonly seconds: number;
}

let trials = 0;

/** Sends through a server by the real channel and a real ledger, and counts at both ends. */
export async function send(trial: Trial): Promise<Result> {
  const { what, url, messages = 300, connections = 5 } = trial;
  const id = `t${++trials}`;
  const channel = createSmtpSender({
    url,
    from: 'News <news@shop.example>',
    ratePerSecond: null,
    connections,
    ca: TEST_CERTIFICATE,
  });
  const core = await openCore([channel]);
  core.dispatcher.start();
  try {
    const leads = Array.from({ length: messages }, (_, at) => ({
      name: `Zoë ${at}`,
      email: `${local(trial, at)}${id}-${at}@people.test`,
    }));
    await core.call('leads.import', { leads });
    const { audience_id } = await core.call('audience.create', { name: 'All' });
    const startedAt = Date.now();
    const call = {
      audience_id,
      channel: 'email',
      subject: 'Grüße an {{lead.name}}',
      message: 'Hi {{lead.name}}\n.\nA line that is a dot stands above.',
      max_wait_seconds: trial.waitSeconds ?? 30,
    };
    let answer = await core.call('sendBulkMessages', call);
    if (trial.againAfterMs) {
      await allPutOff(core.ledger, messages);
      const now = performance.now.bind(performance);
      vi.spyOn(performance, 'now').mockImplementation(() => now() + trial.againAfterMs!);
      core.dispatcher.wake();
      answer = await core.call('sendBulkMessages', { ...call, max_wait_seconds: 30 });
    }
    // A busy machine takes longer; one that gets nowhere in half a minute has failed.
    let left = trial.waitSeconds ? 0 : Infinity;
    while (answer.total_remaining > 0 && answer.total_remaining < left) {
      left = answer.total_remaining;
      answer = await core.call('sendBulkMessages', call);
    }
    const seconds = (Date.now() - startedAt) / 1_000;
    const ours = await settled(trial, `${id}-`, answer.total_sent);
    const people = new Set(ours.map(({ to }) => to)).size;
    const ids = new Set(ours.map(({ messageId }) => messageId)).size;
    const result: Result = {
      sent: answer.total_sent,
      failed: answer.total_failed,
      skipped: answer.total_skipped,
      unknown: answer.total_unknown ?? 0,
      remaining: answer.total_remaining,
      stored: people,
      twice: ours.length - Math.min(people, ids),
      seconds,
    };
    const waits = result.remaining
      ? `, ${result.remaining} left (${JSON.stringify(answer.waiting_for ?? answer.error)})`
      : '';
    console.log(
      `${what}: ${result.stored} stored, ${result.sent} sent, ${result.failed} failed, ${result.unknown} unknown, ` +
        `${result.twice} twice, ${result.skipped} skipped, ${result.seconds.toFixed(1)} s${waits}`,
    );
    return result;
  } finally {
    vi.restoreAllMocks();
    await core.close();
    await channel.close?.();
    removeFolder(core.folder);
  }
}

/** What a send through a server that takes everybody, or nine of ten, must come to. */
export function wholly(count: number, refused = 0): Partial<Result> {
  return {
    sent: count - refused,
    failed: refused,
    unknown: 0,
    remaining: 0,
    stored: count - refused,
    twice: 0,
  };
}

async function allPutOff(ledger: Ledger, messages: number): Promise<void> {
  const sql = "SELECT COUNT(*) AS count FROM deliveries WHERE status = 'pending' AND retry_at IS NOT NULL";
  for (let tries = 0; tries < 300; tries++) {
    if (Number((await ledger.get<{ count: number }>(sql))?.count) === messages) return;
    await sleep(100);
  }
  throw new Error('The server did not put everybody off.');
}

function local({ refuses, international }: Trial, at: number): string {
  if (at % 10 !== 3) return '';
  return refuses ? 'no-' : international ? 'jörg-' : '';
}

/** A server delivers when it likes: waits as long as more come, and a moment for one too many. */
async function settled(trial: Trial, mark: string, sent: number): Promise<Stored[]> {
  const ours = async () => (await trial.stored()).filter(({ to }) => to.includes(mark));
  let count = 0;
  let grewAt = performance.now();
  while (count < sent && performance.now() - grewAt < 10_000) {
    await sleep(100);
    const now = (await ours()).length;
    if (now > count) grewAt = performance.now();
    count = now;
  }
  await sleep(200);
  return ours();
}
