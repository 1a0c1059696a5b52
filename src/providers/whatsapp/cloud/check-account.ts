import * as z from 'zod';
import { counted } from '../../../amounts.ts';
import { openPool } from '../../exchange.ts';
import { readTier } from './cloud-account.ts';
import { askGraph, createCloudRegistry } from './cloud-registry.ts';
import { parseEndpoint, type WhatsAppOptions } from './settings.ts';

/** One thing about the account, for a person; `fix` names the page where it is put right. */
export interface AccountFinding {
  readonly name: string;
  readonly ok: boolean;
  readonly isWarning?: boolean;
  readonly detail: string;
  readonly said?: string;
  readonly fix?: string;
}

const number = z.looseObject({
  quality_rating: z.string().optional().catch(undefined),
  name_status: z.string().optional().catch(undefined),
  status: z.string().optional().catch(undefined),
  whatsapp_business_manager_messaging_limit: z.union([z.string(), z.number()]).optional().catch(undefined),
});
const apps = z.looseObject({ data: z.array(z.unknown()) });
const MOST_PAGES = 70;

/** Rights, webhooks, health and templates of a WhatsApp Business Account, by asking for each; sends nothing. */
export async function checkAccount(
  options: Omit<WhatsAppOptions, 'ratePerSecond'>,
  businessAccountId: string,
): Promise<AccountFinding[]> {
  const endpoint = parseEndpoint(options);
  const pool = openPool(endpoint, 3, 4 * 1024 * 1024);
  try {
    const fields = 'quality_rating,name_status,status,whatsapp_business_manager_messaging_limit';
    const [health, subscribed, templates] = await Promise.all([
      askGraph(
        pool,
        endpoint,
        { method: 'GET', path: `${endpoint.path}?fields=${fields}` },
        (json) => number.safeParse(json).data ?? null,
      ),
      askGraph(
        pool,
        endpoint,
        { method: 'GET', path: `${endpoint.root}/${businessAccountId}/subscribed_apps` },
        (json) => apps.safeParse(json).data ?? null,
      ),
      countTemplates(),
    ]);
    return [
      ...(health.ok ? judgeHealth(health.value) : []),
      subscribed.ok
        ? judgeApps(subscribed.value.data.length)
        : problem('whatsapp webhook', subscribed.problem),
      templates.ok ? judgeTemplates(templates.value) : problem('whatsapp templates', templates.problem),
    ];
  } finally {
    await pool.destroy();
  }

  async function countTemplates() {
    const registry = createCloudRegistry(pool, endpoint, businessAccountId, async () => {
      throw new Error('nothing is made here');
    });
    const counts = new Map<string, number>();
    let cursor: string | null = null;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer: Awaited<ReturnType<typeof registry.list>> = await registry.list(cursor);
      if (!answer.ok) return answer;
      for (const { status } of answer.value.templates) counts.set(status, (counts.get(status) ?? 0) + 1);
      cursor = answer.value.next;
      if (cursor === null) break;
    }
    return { ok: true, value: counts } as const;
  }
}

function problem(name: string, { message, said }: { message: string; said?: string }): AccountFinding {
  return {
    name,
    ok: false,
    detail: message,
    ...(said !== undefined && { said }),
    fix: 'business.facebook.com, Settings, Users, System users: give the account and both rights, and make a new token.',
  };
}

function judgeHealth({
  quality_rating: quality = '',
  name_status: name = '',
  status = '',
  whatsapp_business_manager_messaging_limit: limit,
}: z.output<typeof number>): AccountFinding[] {
  const manager = 'WhatsApp Manager, Account tools, Phone numbers';
  const people = readTier(limit);
  const tier =
    limit === undefined
      ? 'its limit is not told'
      : people === null
        ? 'no limit of people'
        : `${counted(people, 'person', 'people')} within 24 hours`;
  const found: AccountFinding[] = [
    quality === 'RED' || quality === 'YELLOW'
      ? {
          name: 'whatsapp quality',
          ok: true,
          isWarning: true,
          detail: `quality ${quality}: people block or report the number; ${tier}`,
          fix: `Write to fewer people who did not ask for it. ${manager} shows why.`,
        }
      : { name: 'whatsapp quality', ok: true, detail: `quality ${quality || 'not told'}; ${tier}` },
  ];
  if (name !== '' && !/^(APPROVED|AVAILABLE_WITHOUT_REVIEW)$/.test(name))
    found.push({
      name: 'whatsapp name',
      ok: true,
      isWarning: true,
      detail: `the display name is ${name}`,
      fix: `${manager}: ask for a display name and wait for its review.`,
    });
  if (status !== '' && status !== 'CONNECTED')
    found.push({
      name: 'whatsapp number',
      ok: false,
      detail: `the number is ${status}`,
      fix: `${manager}: register and connect it.`,
    });
  return found;
}

function judgeApps(count: number): AccountFinding {
  if (count > 0) return { name: 'whatsapp webhook', ok: true, detail: 'an app is subscribed to the account' };
  return {
    name: 'whatsapp webhook',
    ok: true,
    isWarning: true,
    detail: 'no app is subscribed to the account: nobody hears who wrote, and every lead needs a template',
    fix: 'POST /{account id}/subscribed_apps with the token, or App Dashboard, WhatsApp, Configuration, Webhook: subscribe.',
  };
}

function judgeTemplates(counts: ReadonlyMap<string, number>): AccountFinding {
  const list = [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
  return { name: 'whatsapp templates', ok: true, detail: list === '' ? 'there are none yet' : list };
}
