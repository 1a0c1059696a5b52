import { afterEach, describe, expect, it } from 'vitest';
import { doctor } from '../src/upkeep/doctor/doctor.ts';
import { freshFolder, removeFolder } from './support/core.ts';
import {
  API_DIALECTS,
  API_SECRET,
  type ApiAnswer,
  type ApiName,
  startEmailApi,
} from './support/email-api-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const KEYS: Readonly<Record<ApiName, Record<string, string>>> = {
  ses: { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: API_SECRET },
  resend: { RESEND_API_KEY: API_SECRET },
  postmark: { POSTMARK_SERVER_TOKEN: API_SECRET },
  sendgrid: { SENDGRID_API_KEY: API_SECRET },
  mailgun: { MAILGUN_API_KEY: API_SECRET, MAILGUN_DOMAIN: 'mg.example.com' },
  brevo: { BREVO_API_KEY: API_SECRET },
};

const ok = (value: object): ApiAnswer => ({ status: 200, body: JSON.stringify(value) });

/** What the doctor says of email, where the provider answers to these paths. */
async function look(name: ApiName, answers: Record<string, ApiAnswer>, env: Record<string, string> = {}) {
  const server = await startEmailApi(name, ({ method, path }) => {
    expect(method).toBe('GET');
    return answers[path];
  });
  const folder = freshFolder();
  closing.push(
    () => server.stop(),
    () => removeFolder(folder),
  );
  const { checks } = await doctor({
    TIDINGS_DATA_DIR: folder,
    EMAIL_FROM: 'Shop <news@mail.localhost.invalid>',
    [`${name.toUpperCase()}_API_URL`]: server.url,
    ...KEYS[name],
    ...env,
  });
  expect(JSON.stringify(checks)).not.toContain(API_SECRET);
  expect(server.begun).toBe(0);
  return checks
    .filter((check) => /^email( sender| stream)?$/.test(check.name))
    .map(({ name: what, ok: isOk, isWarning, detail }) => [what, isWarning ? 'warning' : isOk, detail]);
}

const verified = 'mail.localhost.invalid is verified at';
const SES = {
  SendingEnabled: true,
  ProductionAccessEnabled: true,
  EnforcementStatus: 'HEALTHY',
  SendQuota: { Max24HourSend: 50_000, MaxSendRate: 14, SentLast24Hours: 100 },
};

describe('the doctor at a provider of email', () => {
  it('SES: the account, its rate and the domain', async () => {
    const identity = {
      '/v2/email/identities/mail.localhost.invalid': ok({ VerifiedForSendingStatus: true }),
    };
    expect(await look('ses', { '/v2/email/account': ok(SES), ...identity })).toEqual([
      ['email', true, 'the account may send; 49900 of 50000 messages are left in these 24 hours'],
      ['email', 'warning', 'SES takes 14 messages a second from this account, and refuses more'],
      ['email sender', true, `${verified} SES`],
    ]);
    const sandbox = { ...SES, ProductionAccessEnabled: false };
    expect(
      await look('ses', { '/v2/email/account': ok(sandbox), ...identity }, { EMAIL_RATE: '14' }),
    ).toEqual([
      ['email', 'warning', expect.stringContaining('sandbox of SES')],
      ['email sender', true, `${verified} SES`],
    ]);
    const off = { ...SES, SendingEnabled: false };
    const gone: ApiAnswer = { status: 404, headers: { 'x-amzn-errortype': 'NotFoundException' }, body: '{}' };
    const path = '/v2/email/identities/mail.localhost.invalid';
    expect(await look('ses', { '/v2/email/account': ok(off), [path]: gone }, { EMAIL_RATE: '1' })).toEqual([
      ['email', false, expect.stringContaining('sending is off')],
      ['email sender', false, 'mail.localhost.invalid is not there at SES'],
    ]);
    const denied = { status: 403, headers: { 'x-amzn-errortype': 'AccessDeniedException' }, body: '{}' };
    expect(await look('ses', { '/v2/email/account': denied })).toEqual([
      ['email', 'warning', expect.stringContaining('may not look at the account')],
    ]);
  });

  it('Resend: the domain, also one around it; a key for sending alone', async () => {
    const domains = (name: string, status: string) => ({ '/domains': ok({ data: [{ name, status }] }) });
    const account = ['email', true, 'the key may use the account'];
    expect(await look('resend', domains('localhost.invalid', 'verified'))).toEqual([
      account,
      ['email sender', true, `${verified} Resend`],
    ]);
    expect(await look('resend', domains('mail.localhost.invalid', 'pending'))).toEqual([
      account,
      ['email sender', false, 'mail.localhost.invalid is not verified at Resend'],
    ]);
    const restricted = { status: 401, body: '{"name":"restricted_api_key","message":"x"}' };
    expect(await look('resend', { '/domains': restricted })).toEqual([
      ['email', true, expect.stringContaining('for sending alone')],
    ]);
  });

  it('Postmark: the server, the stream, and whose link to unsubscribe there is', async () => {
    const stream = (type: string, handling: string) => ({
      '/server': ok({ Name: 'Shop', DeliveryType: 'Live' }),
      '/message-streams/broadcast': ok({
        MessageStreamType: type,
        SubscriptionManagementConfiguration: { UnsubscribeHandlingType: handling },
      }),
    });
    const server = ['email', true, 'the token may use the server'];
    const last = async (...given: [string, string]) => (await look('postmark', stream(...given)))[1];
    expect(await look('postmark', stream('Broadcasts', 'Custom'))).toEqual([
      server,
      ['email stream', true, 'the stream leaves unsubscribing to us'],
    ]);
    expect(await last('Broadcasts', 'Postmark')).toEqual([
      'email stream',
      'warning',
      expect.stringContaining('in place of ours'),
    ]);
    expect(await last('Transactional', 'None')).toEqual([
      'email stream',
      'warning',
      expect.stringContaining('none for bulk'),
    ]);
    const missing = { status: 422, body: '{"ErrorCode":1226,"Message":"x"}' };
    const answers = { '/server': ok({ DeliveryType: 'Sandbox' }), '/message-streams/news': missing };
    expect(await look('postmark', answers, { POSTMARK_MESSAGE_STREAM: 'news' })).toEqual([
      ['email', 'warning', expect.stringContaining('delivers none')],
      ['email stream', false, 'the server has no message stream "news"'],
    ]);
  });

  it('SendGrid: whether the key may send, and the domain where it may look', async () => {
    const scopes = (...names: string[]) => ({ '/v3/scopes': ok({ scopes: names }) });
    expect(await look('sendgrid', scopes('mail.send'))).toEqual([['email', true, 'the key may send']]);
    expect(await look('sendgrid', scopes('stats.read'))).toEqual([
      ['email', false, 'the key may not send (mail.send)'],
    ]);
    const domains = ok([{ domain: 'mail.localhost.invalid', valid: true }]);
    const all = { ...scopes('mail.send', 'whitelabel.read'), '/v3/whitelabel/domains?limit=100': domains };
    expect(await look('sendgrid', all)).toEqual([
      ['email', true, 'the key may send'],
      ['email sender', true, `${verified} SendGrid`],
    ]);
  });

  it('Mailgun: the domain that messages leave from', async () => {
    const path = '/v3/domains/mg.example.com';
    const domain = (given: object) => ({ [path]: ok({ domain: given }) });
    expect((await look('mailgun', domain({ state: 'active' })))[1]).toEqual([
      'email sender',
      true,
      'mg.example.com may send',
    ]);
    expect((await look('mailgun', domain({ state: 'unverified' })))[1]![1]).toBe(false);
    expect((await look('mailgun', domain({ state: 'active', type: 'sandbox' })))[1]![1]).toBe('warning');
    const none = { status: 404, body: '{"message":"Domain not found"}' };
    expect(await look('mailgun', { [path]: none })).toEqual([
      ['email sender', false, 'there is no domain mg.example.com at Mailgun, or not in this region'],
    ]);
  });

  it('Brevo: the account and the domain', async () => {
    const domains = (authenticated: boolean) => ({
      '/v3/account': ok({ companyName: 'Shop' }),
      '/v3/senders/domains': ok({ domains: [{ domain_name: 'mail.localhost.invalid', authenticated }] }),
    });
    expect((await look('brevo', domains(true)))[1]).toEqual(['email sender', true, `${verified} Brevo`]);
    expect((await look('brevo', domains(false)))[1]![1]).toBe(false);
  });

  it.each(Object.keys(API_DIALECTS) as ApiName[])(
    '%s: a key that it does not take, and its words without the key',
    async (name) => {
      const refusal = API_DIALECTS[name].refused(401, `no such key: ${API_SECRET}`);
      const paths = [
        '/v2/email/account',
        '/domains',
        '/server',
        '/v3/scopes',
        '/v3/domains/mg.example.com',
        '/v3/account',
      ];
      const answers = Object.fromEntries(paths.map((path) => [path, refusal]));
      expect(await look(name, answers)).toEqual([
        ['email', false, expect.stringMatching(/not take the key|token/)],
      ]);
    },
  );

  it('says that nobody answers, and where to look', async () => {
    const folder = freshFolder();
    closing.push(() => removeFolder(folder));
    const { checks } = await doctor({
      TIDINGS_DATA_DIR: folder,
      EMAIL_FROM: 'a@localhost.invalid',
      RESEND_API_KEY: 're_x',
      RESEND_API_URL: 'http://127.0.0.1:1',
    });
    const email = checks.find(({ name }) => name === 'email')!;
    expect(email).toMatchObject({ ok: false, detail: 'Resend did not answer (ECONNREFUSED)' });
    expect(email.fix).toContain('RESEND_API_URL');
  });

  it('says whether the provider is heard, and what stops the start', async () => {
    const newsOf = async (env: Record<string, string>) => {
      const folder = freshFolder();
      closing.push(() => removeFolder(folder));
      const base = { TIDINGS_DATA_DIR: folder, EMAIL_FROM: 'a@localhost.invalid', RESEND_API_KEY: 're_x' };
      const { checks } = await doctor({ ...base, RESEND_API_URL: 'http://127.0.0.1:1', ...env });
      return checks.find(({ name }) => name === 'email news') ?? checks.find(({ name }) => name === 'email')!;
    };
    expect(await newsOf({})).toMatchObject({
      isWarning: true,
      fix: expect.stringMatching(/^Set RESEND_WEBHOOK_SECRET and PUBLIC_URL .*\/webhooks\/email\/resend/),
    });
    const secret = { RESEND_WEBHOOK_SECRET: `whsec_${'A'.repeat(32)}` };
    const open = { PUBLIC_URL: 'https://tidings.example.com', TIDINGS_API_KEY: 'k'.repeat(16) };
    expect(await newsOf(secret)).toMatchObject({
      isWarning: true,
      fix: expect.stringMatching(/^Set PUBLIC_URL/),
    });
    expect(await newsOf({ ...secret, ...open })).toMatchObject({ ok: true, name: 'email news' });
    expect(await newsOf({ RESEND_WEBHOOK_SECRET: 'whsec_', ...open })).toMatchObject({
      ok: false,
      detail: 'RESEND_WEBHOOK_SECRET is no signing secret.',
    });
  });
});
