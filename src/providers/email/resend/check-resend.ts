import type { EmailApi } from '../api/api-sender.ts';
import { type Finding, judgeDomain, looking, recordsIn, textOf } from '../api/look.ts';

/** GET /domains: whether the key is good, and the domain verified. */
export function checkResend(api: EmailApi, domain: string): Promise<Finding[]> {
  return looking(api, async (look) => {
    const domains = await look('/domains');
    if (!domains.ok) {
      if (!domains.code.endsWith('restricted_api_key')) return [domains.finding];
      const detail = 'the key is good, for sending alone: it may not look at the domains';
      return [{ about: 'account', ok: true, detail }];
    }
    const known = recordsIn(domains.json['data']).map((one) => ({
      domain: textOf(one, 'name'),
      isGood: textOf(one, 'status') === 'verified',
    }));
    return [
      { about: 'account', ok: true, detail: 'the key may use the account' },
      judgeDomain('Resend', domain, known),
    ];
  });
}
