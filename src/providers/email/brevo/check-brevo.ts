import type { EmailApi } from '../api/api-sender.ts';
import { type Finding, judgeDomain, looking, recordsIn, textOf } from '../api/look.ts';

/** GET /v3/account and /v3/senders/domains: whether the key is good, and the domain verified. */
export function checkBrevo(api: EmailApi, domain: string): Promise<Finding[]> {
  return looking(api, async (look) => {
    const account = await look('/v3/account');
    if (!account.ok) return [account.finding];
    const good: Finding = { about: 'account', ok: true, detail: 'the key may use the account' };
    const domains = await look('/v3/senders/domains');
    if (!domains.ok) return [good];
    const known = recordsIn(domains.json['domains']).map((one) => ({
      domain: textOf(one, 'domain_name'),
      isGood: one['authenticated'] === true,
    }));
    return [good, judgeDomain('Brevo', domain, known)];
  });
}
