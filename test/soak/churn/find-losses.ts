import { setTimeout as sleep } from 'node:timers/promises';
import type { Churn } from './moves.ts';
import type { RecordingSink } from './recording-sink.ts';

const ENDED = ['completed', 'cancelled'];

/** Lets everything that was begun come to its end; then the ledger is laid beside what the providers got. */
export async function findLosses(
  { client, sends, leads }: Churn,
  sink: RecordingSink,
  cloudUrl: string,
): Promise<{ messages: number; losses: string[] }> {
  const losses: string[] = [];
  let messages = 0;
  let byWhatsapp = 0;
  for (const [id, { channel }] of sends) {
    const send = await untilEnded(client, id);
    const { total_sent, total_failed, total_skipped, total_remaining, total_in_audience } = send;
    messages += total_sent;
    if (total_failed > 0) losses.push(`${id}: ${total_failed} failed, and no provider refused any`);
    if (total_sent + total_skipped + total_remaining !== total_in_audience)
      losses.push(`${id}: ${total_sent} + ${total_skipped} + ${total_remaining} of ${total_in_audience}`);
    if (send.state === 'completed' && total_remaining > 0) losses.push(`${id}: ${total_remaining} left out`);
    if (channel === 'whatsapp') byWhatsapp += total_sent;
    else {
      const came = sink.cameFor(id);
      if (came.messages !== total_sent) losses.push(`${id}: ${total_sent} sent, ${came.messages} came`);
      if (came.leads !== came.messages) losses.push(`${id}: ${came.messages} came for ${came.leads} leads`);
    }
  }
  const { taken, told, failed, last_failure } = await untilTold(cloudUrl);
  if (taken !== byWhatsapp) losses.push(`WhatsApp: ${byWhatsapp} sent, ${taken} came`);
  if (failed > 0 || told !== 3 * taken)
    losses.push(`webhooks: ${told} of ${3 * taken} taken, ${failed} refused (${last_failure})`);
  const read = await untilRead(client, [...sends.keys()], taken);
  if (read !== taken) losses.push(`webhooks: ${read} of ${taken} messages are known to be read`);
  const { total_count } = await client.call('GET', '/api/leads?limit=1');
  if (total_count !== leads) losses.push(`${total_count} leads are there of ${leads}`);
  return { messages, losses };
}

async function untilEnded(client: Churn['client'], id: string) {
  for (;;) {
    const send = await client.call('GET', `/api/sends/${id}`);
    if (ENDED.includes(send.state)) return send;
    if (send.state === 'paused') await client.call('POST', `/api/sends/${id}/resume`, { allow_repeat: true });
    else await sleep(50);
  }
}

interface Counts {
  /** Messages. */
  readonly taken: number;
  /** What was said of them, and was taken or refused. */
  readonly told: number;
  readonly failed: number;
  readonly last_failure: string;
}

async function untilTold(cloudUrl: string): Promise<Counts> {
  for (;;) {
    const counts = (await (await fetch(`${cloudUrl}/counts`)).json()) as Counts;
    if (counts.told + counts.failed >= 3 * counts.taken) return counts;
    await sleep(50);
  }
}

/** What was taken is folded afterwards. */
async function untilRead(client: Churn['client'], ids: readonly string[], wanted: number): Promise<number> {
  const until = performance.now() + 60_000;
  for (;;) {
    let read = 0;
    for (const id of ids) read += (await client.call('GET', `/api/sends/${id}`)).total_read ?? 0;
    if (read >= wanted || performance.now() > until) return read;
    await sleep(200);
  }
}
