import type { Config } from '../../config.ts';
import { plainWords } from '../../core/deliveries/provider-said.ts';
import type { Check } from './check.ts';
import { bad, failed, good } from './check.ts';
import { checkClock } from './check-clock.ts';
import { checkHost, checkMailDomain } from './check-names.ts';

const CLOCK_MS = 2_500;
/** Whoever looks does not wait for as long as a send does. */
const RELAY_TIMEOUTS = { connectMs: 10_000, silenceMs: 30_000 };

export async function checkEmail(email: Config['email']): Promise<Check[]> {
  if (!email)
    return [{ name: 'email', ok: null, detail: 'sandbox: set SMTP_URL and EMAIL_FROM to send for real' }];
  try {
    const { parseEmailFrom, parseSmtpUrl } = await import('../../providers/email/smtp/settings.ts');
    const { host } = parseSmtpUrl(email.url);
    const { domain } = parseEmailFrom(email.from);
    const [name, own] = await Promise.all([
      checkHost('email relay name', host, 'SMTP_URL'),
      checkMailDomain('email domain', domain),
    ]);
    // Without an address a connection would only take longer to say the same.
    if (name.ok === false) return [name, own];
    return [name, await checkRelay(email), own];
  } catch (error) {
    return [failed('email', error)];
  }
}

async function checkRelay(email: NonNullable<Config['email']>): Promise<Check> {
  const { checkConnection } = await import('../../providers/email/smtp/smtp-sender.ts');
  const answer = await checkConnection({ ...email, timeouts: RELAY_TIMEOUTS });
  if (!answer.ok)
    return saying(answer.said, bad('email', `${answer.message} (${answer.code})`, 'Check SMTP_URL.'));
  const { tls, login } = answer;
  const encryption = tls
    ? `${tls.protocol}, with a certificate that is valid until ${tls.validUntil}`
    : 'no TLS: everything travels in clear text';
  const entry = login ? 'it accepts the login' : 'SMTP_URL has no login';
  const owner = tls ? `certificate of ${tls.subject} by ${tls.issuer}` : undefined;
  return saying(owner, good('email', `the relay answers; ${encryption}; ${entry}`));
}

export async function checkWhatsAppNumber(whatsapp: Config['whatsapp']): Promise<Check[]> {
  const name = 'whatsapp';
  if (!whatsapp) {
    const detail = 'sandbox: set WHATSAPP_PHONE_NUMBER_ID and WHATSAPP_ACCESS_TOKEN to send for real';
    return [{ name, ok: null, detail }];
  }
  if (!URL.canParse(whatsapp.apiUrl))
    return [bad(name, 'WHATSAPP_API_URL is no web address', 'Leave it out for https://graph.facebook.com.')];
  const host = await checkHost('whatsapp name', new URL(whatsapp.apiUrl).hostname, 'WHATSAPP_API_URL');
  if (host.ok === false) return [host];
  const { checkWhatsApp } = await import('../../providers/whatsapp/cloud/check-whatsapp.ts');
  const [answer, clock] = await Promise.all([checkWhatsApp(whatsapp), checkProviderClock(whatsapp.apiUrl)]);
  const number = answer.ok
    ? good(name, answer.detail)
    : bad(name, `${answer.message} (${answer.code})`, 'Check the WHATSAPP_ variables.');
  return [host, saying(answer.said, number), ...clock];
}

function saying(said: string | undefined, check: Check): Check {
  return said ? { ...check, said: plainWords(said) } : check;
}

/** Every answer over HTTP tells the time, to the second. Whoever does not answer is told of elsewhere. */
async function checkProviderClock(url: string): Promise<Check[]> {
  try {
    const signal = AbortSignal.timeout(CLOCK_MS);
    const answer = await fetch(url, { method: 'HEAD', redirect: 'manual', signal });
    const theirs = Date.parse(answer.headers.get('date') ?? '');
    if (Number.isNaN(theirs)) return [];
    // The middle of the second that it names.
    const matters = 'Scheduled sends start by this clock, and certificates are checked with it.';
    return [checkClock('clock', "the provider's", Date.now() - theirs - 500, matters)];
  } catch {
    return [];
  }
}
