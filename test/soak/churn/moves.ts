import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './client.ts';

/** What the moves know of each other. */
export interface Churn {
  readonly client: Client;
  /** Every send that was made. */
  readonly sends: Map<string, { channel: string; audience_id: string; campaign: string }>;
  readonly looking: { leave(): void }[];
  leads: number;
  made: number;
  draft: { draft_id: string; revision: number } | null;
}

export type Move = (churn: Churn) => Promise<void>;

const IMPORTED = 200;
/** Of each file these are people who were in the one before. */
const KNOWN = 50;
const LOOKED_AT = 5;

async function importFile(churn: Churn): Promise<void> {
  const from = Math.max(0, churn.leads - KNOWN);
  churn.leads += IMPORTED;
  const rows = Array.from({ length: churn.leads - from }, (_, at) => {
    const lead = from + at;
    return `Lead ${lead},lead${lead}@example${lead % 50}.com,+5255${10_000_000 + lead},Acme "${lead % 97}"`;
  });
  const { created } = await churn.client.call(
    'POST',
    '/api/leads/import',
    `name,email,phone,company\n${rows.join('\n')}\n`,
  );
  if (created !== IMPORTED) throw new Error(`${created} leads were made of ${IMPORTED} new ones.`);
}

/** To the latest people, at most 100 of them. */
const make =
  (channel: 'email' | 'whatsapp'): Move =>
  async (churn) => {
    const name = `c${++churn.made}`;
    const { audience_id } = await churn.client.call('POST', '/api/audiences', { name, sample: 100 });
    while ((await churn.client.call('GET', `/api/audiences/${audience_id}`)).status !== 'ready')
      await sleep(5);
    const sent = await churn.client.call('POST', '/api/sends', {
      audience_id,
      channel,
      campaign: name,
      ...textOf(channel, 'An offer'),
      allow_repeat: true,
      max_wait_seconds: 0,
    });
    churn.sends.set(sent.send_id, { channel, audience_id, campaign: name });
  };

function textOf(channel: string, words: string): object {
  const message = `Hi {{lead.first_name | default: "there"}}: ${words}`;
  return channel === 'email' ? { subject: words, message } : { message };
}

const pause: Move = async ({ client, sends }) => {
  await client.call('POST', `/api/sends/${latest(sends, 0)}/pause`);
};

const resume: Move = async ({ client, sends }) => {
  for (const { send_id } of (await client.call('GET', '/api/sends?limit=50')).sends.filter(isPaused))
    if (sends.has(send_id)) await client.call('POST', `/api/sends/${send_id}/resume`, { allow_repeat: true });
};

const isPaused = ({ state }: { state: string }) => state === 'paused';

const cancel: Move = async ({ client, sends }) => {
  await client.call('POST', `/api/sends/${latest(sends, 1)}/cancel`);
};

/** Whoever has not got it yet gets other words; and a draft is written on. */
const edit: Move = async (churn) => {
  const { client, sends } = churn;
  const id = latest(sends, 0);
  await client.call('POST', `/api/sends/${id}/pause`);
  const { channel, audience_id, campaign } = sends.get(id)!;
  const text = textOf(channel, `A better offer ${churn.made}`);
  await client.call('POST', '/api/sends', {
    audience_id,
    channel,
    campaign,
    ...text,
    allow_repeat: true,
    max_wait_seconds: 0,
  });
  const { draft_id, revision } = await client.call('POST', '/api/drafts', {
    ...churn.draft,
    channel,
    ...text,
  });
  churn.draft = { draft_id, revision };
};

function latest(sends: Churn['sends'], back: number): string {
  const ids = [...sends.keys()];
  return ids.at(-1 - back) ?? ids.at(-1)!;
}

/** Some pages stay open, and one that was is left. */
const look: Move = async ({ client, sends, looking }) => {
  looking.push(await client.look(`sends.get?send_id=${latest(sends, 0)}`));
  if (looking.length > LOOKED_AT) looking.shift()!.leave();
};

const read: Move = async ({ client, sends }) => {
  await client.call('GET', '/api/sends?limit=20');
  await client.call('GET', `/api/sends/${latest(sends, 0)}/deliveries?limit=50`);
  await client.call('GET', '/api/leads?limit=50&search=lead%207');
  await client.call('GET', '/api/events?limit=50');
  await client.call('GET', '/metrics');
};

/** In this order, again and again. */
export const MOVES: Readonly<Record<string, Move>> = {
  import: importFile,
  'send by email': make('email'),
  look,
  pause,
  read,
  'send by WhatsApp': make('whatsapp'),
  resume,
  edit,
  'send by email again': make('email'),
  cancel,
};
