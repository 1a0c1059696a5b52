import { setTimeout as sleep } from 'node:timers/promises';
import { count, counted } from '../amounts.ts';
import type { ProviderEvent } from '../core/events/event.ts';
import type { Tidings } from '../tidings.ts';
import { type CommandContext, call, type Result } from './context.ts';
import type { Output } from './output.ts';
import { wrap } from './wrap.ts';

const SENDER = 'sandbox:whatsapp';
const FOLDED_MS = 5_000;

/** Some of the sample people write to the number, as customers do: for a day they may be sent any text. */
export async function openWindows(tidings: Tidings): Promise<number> {
  const { leads } = (await call(tidings, 'leads.list', { limit: 100, reachable: 'whatsapp' })) as {
    leads: { phone: string }[];
  };
  await tidings.webhooks.take(
    leads.map(({ phone }, at) =>
      event(`wrote ${at}`, { type: 'replied', contact: phone, detail: { text: 'Thanks!', window: 'opens' } }),
    ),
  );
  await folded(
    async () =>
      ((await call(tidings, 'events.list', { type: 'replied', limit: 1 }))['events'] as []).length > 0,
  );
  return leads.length;
}

/** What WhatsApp would say later of the first messages: the ticks turn, and somebody has had enough. */
export async function tellWhatCame(
  { tidings, taken }: Awaited<ReturnType<CommandContext['host']['openDemo']>>,
  whatsapp: Result,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const ticks = taken.flatMap(({ attemptId }, at) => [
    event(`delivered ${at}`, { type: 'delivered', attemptId }),
    ...(at % 3 === 0 ? [event(`read ${at}`, { type: 'read', attemptId })] : []),
  ]);
  const [first] = taken;
  const stop = first
    ? [
        event('stop', {
          type: 'opted_out',
          contact: first.contact,
          code: 'all',
          detail: { text: 'STOP', window: 'opens' },
        }),
      ]
    : [];
  await tidings.webhooks.take([...ticks, ...stop]);
  const get = () => call(tidings, 'sends.get', { send_id: whatsapp['send_id'] });
  await folded(async () => signal.aborted || Number((await get())['total_delivered'] ?? 0) >= taken.length);
  const { total_delivered: delivered, total_read: read } = await get();
  const later = `A moment later: ${counted(Number(delivered ?? 0), 'WhatsApp message')} delivered, ${count(Number(read ?? 0))} read${first ? ', and one person answered STOP, who gets no more' : ''}.`;
  output.line(`\n${wrap(later, output.columns)}`);
}

async function folded(isDone: () => Promise<boolean>): Promise<void> {
  for (const until = performance.now() + FOLDED_MS; performance.now() < until; await sleep(50))
    if (await isDone()) return;
}

function event(key: string, given: Partial<ProviderEvent> & Pick<ProviderEvent, 'type'>): ProviderEvent {
  return {
    provider: 'sandbox',
    key: `demo ${key}`,
    sender: SENDER,
    attemptId: null,
    contact: null,
    userId: null,
    occurredAt: Date.now(),
    code: null,
    detail: null,
    ...given,
  };
}
