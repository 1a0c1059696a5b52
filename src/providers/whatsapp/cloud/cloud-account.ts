import type { Pool } from 'undici';
import * as z from 'zod';
import type { AccountLimits, TemplateAccount } from '../../../core/templates/template-account.ts';
import { askGraph, createCloudRegistry } from './cloud-registry.ts';
import { uploadSample } from './media-sample.ts';
import type { CloudEndpoint } from './settings.ts';

const health = z.looseObject({
  quality_rating: z.string().optional().catch(undefined),
  whatsapp_business_manager_messaging_limit: z.union([z.string(), z.number()]).optional().catch(undefined),
});

/** Templates and limits of a WhatsApp Business Account, by a pool of connections of its own. */
export function createCloudAccount(
  pool: Pool,
  endpoint: CloudEndpoint,
  businessAccountId: string,
  appId: string | null,
): TemplateAccount {
  return {
    id: businessAccountId,
    templates: createCloudRegistry(pool, endpoint, businessAccountId, (address) =>
      uploadSample(pool, endpoint, appId, address),
    ),
    limits: () =>
      askGraph(
        pool,
        endpoint,
        {
          method: 'GET',
          path: `${endpoint.path}?fields=quality_rating,whatsapp_business_manager_messaging_limit`,
        },
        (json) => {
          const parsed = health.safeParse(json);
          return parsed.success ? readLimits(parsed.data) : null;
        },
      ),
  };
}

function readLimits(data: z.output<typeof health>): AccountLimits {
  const quality = data.quality_rating?.toLowerCase();
  return {
    peoplePerDay: readTier(data.whatsapp_business_manager_messaging_limit),
    quality: quality === 'green' || quality === 'yellow' || quality === 'red' ? quality : null,
  };
}

/** `TIER_250`, `TIER_2K`, `TIER_UNLIMITED`, 2000 or -1; null: no limit, or none that is known. */
export function readTier(tier: string | number | undefined): number | null {
  const text = String(tier ?? '').trim();
  if (/^\d+$/.test(text)) return Number(text);
  const [, number, thousands] = /^TIER_(\d+)(K?)$/i.exec(text) ?? [];
  return number === undefined ? null : Number(number) * (thousands ? 1_000 : 1);
}
