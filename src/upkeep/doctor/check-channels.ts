import type { Config } from '../../config.ts';
import { plainWords } from '../../core/deliveries/provider-said.ts';
import type { Check } from './check.ts';
import { bad, failed, good, warning } from './check.ts';
import { checkClock } from './check-clock.ts';
import { checkHost } from './check-names.ts';
import type { Names } from './domain/names.ts';
import { systemNames } from './domain/names.ts';

const CLOCK_MS = 2_500;
const SANDBOX = 'sandbox: set SMTP_URL, or the key of a provider, and EMAIL_FROM to send for real';
/** Whoever looks does not wait for as long as a send does. */
const RELAY_TIMEOUTS = { connectMs: 10_000, silenceMs: 30_000 };

/** @param names asked about the domain; a test has its own */
export async function checkEmail(config: Config, names: Names = systemNames()): Promise<Check[]> {
  const { email, emailApi, publicUrl, identity } = config;
  const mail = email ?? emailApi;
  if (!mail) return [{ name: 'email', ok: null, detail: SANDBOX }];
  try {
    const { parseEmailFrom } = await import('../../providers/email/smtp/settings.ts');
    const { domain } = parseEmailFrom(mail.from);
    const { checkWayOut } = await import('./check-dkim.ts');
    const { checkPublicUrl } = await import('./domain/check-public-url.ts');
    const [way, own, outside] = await Promise.all([
      email ? checkSmtp(email, domain, names) : checkProvider(config, domain),
      checkOwnDomain(config, domain, names),
      checkPublicUrl(publicUrl, names),
    ]);
    return [...way, ...own, checkWayOut(publicUrl, identity.postalAddress), ...outside];
  } catch (error) {
    return [failed('email', error)];
  }
}

async function checkProvider(config: Config, domain: string): Promise<Check[]> {
  const { checkEmailApi } = await import('./check-email-api.ts');
  return checkEmailApi(config.emailApi!, domain, config);
}

async function checkOwnDomain({ email, bounces }: Config, from: string, names: Names): Promise<Check[]> {
  const { checkDomain } = await import('./domain/check-domain.ts');
  const { parseSmtpUrl } = await import('../../providers/email/smtp/settings.ts');
  const { readDkimKeys } = await import('../../providers/email/dkim/dkim-settings.ts');
  const signing = () => {
    try {
      return email?.dkim ? readDkimKeys(email.dkim, from).map(({ domain }) => domain) : [];
    } catch {
      // Told by the check of the keys.
      return [];
    }
  };
  return checkDomain(
    {
      from,
      bounces: email && bounces ? bounces.domain : null,
      signing: [...new Set(signing())],
      relayHost: email ? parseSmtpUrl(email.url, email.oauth !== null).host : null,
    },
    names,
  );
}

async function checkSmtp(
  email: NonNullable<Config['email']>,
  domain: string,
  names: Names,
): Promise<Check[]> {
  const { parseSmtpUrl } = await import('../../providers/email/smtp/settings.ts');
  const { checkDkim } = await import('./check-dkim.ts');
  const { host } = parseSmtpUrl(email.url, email.oauth !== null);
  const [name, dkim] = await Promise.all([
    checkHost('email relay name', host, 'SMTP_URL'),
    checkDkim(email.dkim, domain, names).catch((error: unknown) => [failed('dkim', error)]),
  ]);
  // Without an address a connection would only take longer to say the same.
  if (name.ok === false) return [name, ...dkim];
  return [name, await checkRelay(email), ...dkim];
}

async function checkRelay(email: NonNullable<Config['email']>): Promise<Check> {
  const { checkConnection } = await import('../../providers/email/smtp/smtp-sender.ts');
  const answer = await checkConnection({ ...email, timeouts: RELAY_TIMEOUTS });
  if (!answer.ok) {
    const code = answer.message.includes(answer.code) ? '' : ` (${answer.code})`;
    return saying(answer.said, bad('email', `${answer.message}${code}`, 'Check SMTP_URL.'));
  }
  const { tls, login } = answer;
  const encryption = tls
    ? `${tls.protocol}, with a certificate that is valid until ${tls.validUntil}`
    : 'no TLS: everything travels in clear text';
  const entry = login ? 'it accepts the login' : 'SMTP_URL has no login';
  const owner = tls ? `certificate of ${tls.subject} by ${tls.issuer}` : undefined;
  return saying(owner, good('email', `the relay answers; ${encryption}; ${entry}`));
}

export async function checkWhatsAppNumber({
  whatsapp,
  whatsappWebhook,
}: Pick<Config, 'whatsapp' | 'whatsappWebhook'>): Promise<Check[]> {
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
  const account = answer.ok ? await checkTemplates(whatsapp) : [];
  return [host, saying(answer.said, number), ...account, ...checkWebhookWords(whatsappWebhook), ...clock];
}

/** What people who did not write can be reached by. */
async function checkTemplates(whatsapp: NonNullable<Config['whatsapp']>): Promise<Check[]> {
  if (whatsapp.businessAccountId === null)
    return [
      warning(
        'whatsapp templates',
        'only who wrote within 24 hours can be reached: WHATSAPP_BUSINESS_ACCOUNT_ID is not set',
        'Set it to the "WhatsApp Business Account ID" of the API Setup page of your Meta app.',
      ),
    ];
  const { checkAccount } = await import('../../providers/whatsapp/cloud/check-account.ts');
  const found = await checkAccount(whatsapp, whatsapp.businessAccountId);
  return found.map(({ said, ...check }) => saying(said, check));
}

/** Meta signs what it tells with the one, and asks for the other once. */
function checkWebhookWords({ appSecret, verifyToken }: Config['whatsappWebhook']): Check[] {
  const missing = [
    ...(appSecret === null ? ['WHATSAPP_APP_SECRET'] : []),
    ...(verifyToken === null ? ['WHATSAPP_VERIFY_TOKEN'] : []),
  ];
  if (missing.length === 0) return [];
  return [
    warning(
      'whatsapp news',
      `what WhatsApp says later is not heard: ${missing.join(' and ')} not set`,
      'App Dashboard, App settings, Basic has the App Secret; the verify token is a word of your own, given on the page WhatsApp, Configuration.',
    ),
  ];
}

export async function checkTwilioAccount(twilio: NonNullable<Config['twilio']>): Promise<Check[]> {
  const name = 'whatsapp';
  const { checkTwilio } = await import('../../providers/whatsapp/twilio/check-twilio.ts');
  try {
    const answer = await checkTwilio(twilio);
    if (!answer.ok) return [saying(answer.said, bad(name, answer.message, 'Check the TWILIO_ variables.'))];
    const hears =
      twilio.statusUrl === null
        ? [
            warning(
              'whatsapp news',
              'Twilio cannot say what becomes of a message: PUBLIC_URL is not set, or is of this machine',
              'Set PUBLIC_URL to the https address by which Twilio reaches this server.',
            ),
          ]
        : [];
    return [
      saying(answer.said, good(name, answer.detail)),
      ...hears,
      ...(await checkProviderClock(twilio.apiUrl)),
    ];
  } catch (error) {
    return [failed(name, error)];
  }
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
