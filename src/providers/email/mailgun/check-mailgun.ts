import type { EmailApi } from '../api/api-sender.ts';
import { type Finding, looking, textOf } from '../api/look.ts';

/**
 * GET /v3/domains/{domain}: whether the key is good, and the domain may send. A sending key may not look.
 * @param domain `MAILGUN_DOMAIN`
 */
export function checkMailgun(api: EmailApi, domain: string): Promise<Finding[]> {
  return looking(api, async (look) => {
    const found = await look(`/v3/domains/${domain}`);
    if (!found.ok) {
      if (found.code !== 'mailgun_404') return [found.finding];
      const detail = `there is no domain ${domain} at Mailgun, or not in this region`;
      const fix =
        'Correct MAILGUN_DOMAIN; for a domain in the EU set MAILGUN_API_URL=https://api.eu.mailgun.net.';
      return [{ about: 'domain', ok: false, detail, fix }];
    }
    const { domain: record = {} } = found.json as { domain?: Readonly<Record<string, unknown>> };
    const account: Finding = { about: 'account', ok: true, detail: 'the key may use the account' };
    if (textOf(record, 'state') === 'active' && record['is_disabled'] !== true) {
      const isSandbox = textOf(record, 'type') === 'sandbox';
      if (!isSandbox) return [account, { about: 'domain', ok: true, detail: `${domain} may send` }];
      const detail = `${domain} is a sandbox: only authorized recipients get anything`;
      const fix = 'Add a domain of your own at Mailgun.';
      return [account, { about: 'domain', ok: true, isWarning: true, detail, fix }];
    }
    const detail = `${domain} may not send: it is not verified, or disabled`;
    const fix = 'See Sending, Domains at Mailgun, and put the records that it shows into DNS.';
    return [account, { about: 'domain', ok: false, detail, fix }];
  });
}
