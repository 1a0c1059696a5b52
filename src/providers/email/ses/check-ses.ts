import type { EmailApi } from '../api/api-sender.ts';
import { type Finding, judgeDomain, looking } from '../api/look.ts';

interface Quota {
  readonly Max24HourSend?: number;
  readonly MaxSendRate?: number;
  readonly SentLast24Hours?: number;
}

/**
 * GET /v2/email/account and /v2/email/identities/{domain}: whether sending is on, what may be sent, and whether the domain
 * is verified.
 * @param ratePerSecond `EMAIL_RATE`
 */
export function checkSes(api: EmailApi, domain: string, ratePerSecond: number | null): Promise<Finding[]> {
  return looking(api, async (look) => {
    const account = await look('/v2/email/account');
    if (!account.ok) {
      if (!account.code.includes('AccessDenied')) return [account.finding];
      const detail =
        'the keys may not look at the account (ses:GetAccount); whether they may send is not known';
      const fix = 'Allow ses:GetAccount and ses:GetEmailIdentity as well.';
      return [{ about: 'account', ok: true, isWarning: true, detail, fix }];
    }
    const { SendingEnabled, ProductionAccessEnabled, EnforcementStatus, SendQuota = {} } = account.json;
    const quota = SendQuota as Quota;
    const findings = [judgeAccount(SendingEnabled, ProductionAccessEnabled, EnforcementStatus, quota)];
    const { MaxSendRate } = quota;
    if (MaxSendRate !== undefined && (ratePerSecond === null || ratePerSecond > MaxSendRate))
      findings.push({
        about: 'account',
        ok: true,
        isWarning: true,
        detail: `SES takes ${MaxSendRate} messages a second from this account, and refuses more`,
        fix: `Set EMAIL_RATE=${MaxSendRate}.`,
      });
    const identity = await look(`/v2/email/identities/${domain}`);
    if (identity.ok)
      findings.push(
        judgeDomain('SES', domain, [{ domain, isGood: identity.json['VerifiedForSendingStatus'] === true }]),
      );
    else if (identity.code.includes('NotFound')) findings.push(judgeDomain('SES', domain, []));
    return findings;
  });
}

function judgeAccount(isOn: unknown, isProduction: unknown, enforcement: unknown, quota: Quota): Finding {
  if (isOn === false || enforcement === 'SHUTDOWN')
    return {
      about: 'account',
      ok: false,
      detail: 'SES does not send for this account: sending is off',
      fix: 'See Account dashboard in the SES console.',
    };
  const { Max24HourSend = -1, SentLast24Hours = 0 } = quota;
  const left =
    Max24HourSend < 0
      ? 'without a limit a day'
      : `${Math.max(Max24HourSend - SentLast24Hours, 0)} of ${Max24HourSend} messages are left in these 24 hours`;
  if (isProduction === false)
    return {
      about: 'account',
      ok: true,
      isWarning: true,
      detail: `the account is in the sandbox of SES: only verified addresses get anything; ${left}`,
      fix: 'Ask for production access in the SES console.',
    };
  return { about: 'account', ok: true, detail: `the account may send; ${left}` };
}
