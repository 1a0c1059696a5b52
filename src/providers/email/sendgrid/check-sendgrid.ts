import type { EmailApi } from '../api/api-sender.ts';
import { type Finding, judgeDomain, looking, recordsIn, textOf } from '../api/look.ts';

/** GET /v3/scopes, and /v3/whitelabel/domains where the key may: whether it may send, and the domain is verified. */
export function checkSendGrid(api: EmailApi, domain: string): Promise<Finding[]> {
  return looking(api, async (look) => {
    const scopes = await look('/v3/scopes');
    if (!scopes.ok) return [scopes.finding];
    const names: readonly unknown[] = Array.isArray(scopes.json['scopes']) ? scopes.json['scopes'] : [];
    if (!names.includes('mail.send'))
      return [
        {
          about: 'account',
          ok: false,
          detail: 'the key may not send (mail.send)',
          fix: 'Make a key with Mail Send at SendGrid, Settings, API Keys.',
        },
      ];
    const account: Finding = { about: 'account', ok: true, detail: 'the key may send' };
    if (!names.includes('whitelabel.read')) return [account];
    const domains = await look('/v3/whitelabel/domains?limit=100');
    if (!domains.ok) return [account];
    const known = recordsIn(domains.list).map((one) => ({
      domain: textOf(one, 'domain'),
      isGood: one['valid'] === true,
    }));
    return [account, judgeDomain('SendGrid', domain, known)];
  });
}
