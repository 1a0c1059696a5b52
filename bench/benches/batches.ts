import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Recipient } from '../../src/core/deliveries/sender.ts';
import { parseMergeText } from '../../src/core/messages/parse-merge-text.ts';
import { createApiSender, type EmailApi } from '../../src/providers/email/api/api-sender.ts';
import { postmarkApi } from '../../src/providers/email/postmark/postmark-api.ts';
import { resendApi } from '../../src/providers/email/resend/resend-api.ts';
import { atLeast, type Bench, type Goal, median, type Row } from '../bench.ts';
import { emailOf, HTML, nameOf, SUBJECT } from '../support/leads.ts';

const LATENCY_MS = 50;
const NEVER = { ratePerSecond: null, from: 'News <news@shop.example>' };

/** Providers that take many messages in one request, beside one request for each of the same messages. */
export const batches: Bench = async ({ quick, log }) => {
  const [rounds, count] = quick ? [1, 500] : [5, 8_000];
  const provider = await startProvider();
  const options = { ...NEVER, apiUrl: provider.url };
  const apis: Record<string, EmailApi> = {
    Resend: resendApi({ ...options, apiKey: 'key-of-a-bench' }),
    Postmark: postmarkApi({ ...options, serverToken: 'key-of-a-bench', messageStream: 'broadcast' }),
  };
  const rows: Row[] = [];
  const goals: Goal[] = [];
  try {
    for (const [name, api] of Object.entries(apis)) {
      const { batch, ...alone } = api;
      const runs = { together: [] as number[], alone: [] as number[] };
      for (let round = 0; round < rounds; round++) {
        runs.alone.push(await rateOf(alone, quick ? count : count / 5));
        runs.together.push(await rateOf(api, count));
        log(
          `${name}: ${Math.round(runs.together.at(-1)!)} a second, one by one ${Math.round(runs.alone.at(-1)!)}`,
        );
      }
      const unit = 'messages/s';
      rows.push({ what: `${name}, ${batch!.size} in a request`, unit, runs: runs.together });
      rows.push({ what: `${name}, a request for each`, unit, runs: runs.alone });
      const ratio = median(runs.together.map((rate, round) => rate / runs.alone[round]!));
      goals.push(atLeast(`${name}: batches at least 5 times single calls`, ratio, 5));
    }
  } finally {
    await provider.stop();
  }
  const setting = `Personalised HTML and text of about 3 KB, to a provider on the same machine that answers after ${LATENCY_MS} ms; each way with the window that it has`;
  return { setting, rows, goals };

  async function rateOf(api: EmailApi, messages: number): Promise<number> {
    const sender = createApiSender(api, options);
    const message = await sender.prepare({
      ...{ channel: 'email', format: 'html', fromName: null },
      ...{ body: parseMergeText(HTML), subject: parseMergeText(SUBJECT) },
    });
    const send = randomUUID().replaceAll('-', '');
    let next = 0;
    const startedAt = performance.now();
    const one = async () => {
      while (next < messages) {
        const deliveryId = `${send}.${next.toString(36)}`;
        const attempt = { deliveryId, attemptId: `${deliveryId}.1`, mayLeave: () => true };
        const { type } = await message.deliver(recipientOf(next++), attempt);
        if (type !== 'accepted') throw new Error(`A message was ${type}.`);
      }
    };
    await Promise.all(Array.from({ length: sender.about.windowSize }, one));
    const seconds = (performance.now() - startedAt) / 1_000;
    await sender.close?.();
    return messages / seconds;
  }
};

function recipientOf(at: number): Recipient {
  const [name, email] = [nameOf(at), emailOf(at)];
  const lead = { name, email, phone: null, position: 'Manager', company: `Acme ${at % 997}`, notes: null };
  return {
    contact: email,
    values: { lead: { ...lead, metadata: { city: 'Puebla' } }, site: { name: null } },
  };
}

/** A thread of its own takes everything, in either form of both providers. */
async function startProvider() {
  const thread = new Worker(join(import.meta.dirname, '../support/batch-provider.mjs'), {
    workerData: { latencyMs: LATENCY_MS },
  });
  const [port] = await once(thread, 'message');
  return { url: `http://127.0.0.1:${port}`, stop: () => thread.terminate() };
}
