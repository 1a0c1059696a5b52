import { afterEach, describe, expect, it } from 'vitest';
import { CALLER } from '../../../../../test/support/caller.ts';
import { freshFolder, removeFolder } from '../../../../../test/support/core.ts';
import { type HostileRelayOptions, startHostileRelay } from '../../../../../test/support/hostile-relay.ts';
import { startTokenServer, type TokenAnswer } from '../../../../../test/support/token-server.ts';
import { readConfig } from '../../../../config.ts';
import { parseMessage } from '../../../../core/messages/content.ts';
import { createLog } from '../../../../log/create-log.ts';
import { openTidings } from '../../../../open-tidings.ts';
import { runOperation } from '../../../../operations/run-operation.ts';
import { doctor } from '../../../../upkeep/doctor/doctor.ts';
import { createSmtpSender } from '../smtp-sender.ts';
import { AccessTokens } from './access-tokens.ts';
import { type OAuthConfig, readOAuth, tokenRequest } from './oauth-settings.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const USER = 'news@shop.example';
const SECRET = 'client-secret-sesame';
const REFRESH = '1//refresh-token-abracadabra';
const config = (tokenUrl: string | null, more: Partial<OAuthConfig> = {}): OAuthConfig => ({
  clientId: 'app',
  clientSecret: SECRET,
  refreshToken: REFRESH,
  tenant: null,
  tokenUrl,
  scope: null,
  ...more,
});
/** `token-1`, `token-2`, … */
const numbered = (_form: URLSearchParams, before: number): TokenAnswer => ({
  status: 200,
  json: { access_token: `token-${before + 1}`, expires_in: 3_599, token_type: 'Bearer' },
});
const REFUSED: TokenAnswer = {
  status: 400,
  json: {
    error: 'invalid_grant',
    error_description: `Token ${REFRESH} of ${USER} has been expired or revoked; not ${SECRET}.`,
  },
};
const TELLS_WHY = `334 ${Buffer.from('{"status":"400","schemes":"Bearer"}').toString('base64')}\r\n`;

async function tokenServer(answers = numbered as Parameters<typeof startTokenServer>[0]) {
  const server = await startTokenServer(answers);
  closing.push(() => server.stop());
  return server;
}

/** A relay with XOAUTH2, and what it was told to log in with. */
async function relay(
  takes: (token: string) => boolean,
  offers: HostileRelayOptions['offers'] = ['PIPELINING', 'AUTH PLAIN XOAUTH2'],
) {
  const logins: string[] = [];
  const server = await startHostileRelay({
    offers,
    says({ step, line }) {
      if (step !== 'AUTH') return;
      const proof = /^AUTH XOAUTH2 (\S+)$/.exec(line)?.[1];
      logins.push(proof === undefined ? line : Buffer.from(proof, 'base64').toString());
      // The line behind the reason: only an empty one is right.
      if (proof === undefined)
        return line === '' ? '535 5.7.8 Username and Password not accepted\r\n' : '501 5.5.2 Odd\r\n';
      return takes(logins.at(-1)!.split('\x01auth=Bearer ')[1]!.split('\x01')[0]!)
        ? '235 2.7.0 Accepted\r\n'
        : TELLS_WHY;
    },
  });
  closing.push(() => server.stop());
  return { logins, url: server.url.replace('//', `//${encodeURIComponent(USER)}@`) };
}

function senderTo(url: string, oauth: OAuthConfig, connections = 1) {
  const sender = createSmtpSender({
    url,
    oauth,
    from: USER,
    ratePerSecond: null,
    connections,
    timeouts: { greetingMs: 2_000, silenceMs: 2_000, idleMs: 20 },
  });
  closing.push(() => sender.close(100));
  const letter = sender.prepare(
    parseMessage({ message: 'Hi', subject: 'Hi', format: 'text', from_name: null }, 'email'),
  );
  const lead = {
    name: null,
    email: null,
    phone: null,
    position: null,
    company: null,
    notes: null,
    metadata: {},
  };
  return (at = 1) =>
    letter.deliver(
      { contact: 'ann@example.org', values: { lead, site: { name: null } } },
      { deliveryId: `d${at}`, attemptId: `d${at}.1`, mayLeave: () => true },
    );
}

describe('a login by XOAUTH2', () => {
  it('asks for one token for all sessions', async () => {
    const tokens = await tokenServer();
    const server = await relay((token) => token === 'token-1');
    const deliver = senderTo(server.url, config(tokens.url), 4);
    const outcomes = await Promise.all(Array.from({ length: 8 }, (_, at) => deliver(at)));
    expect(outcomes.map(({ type }) => type)).toEqual(Array(8).fill('accepted'));
    expect(server.logins.length).toBeGreaterThan(1);
    expect(new Set(server.logins)).toEqual(new Set([`user=${USER}\x01auth=Bearer token-1\x01\x01`]));
    expect(tokens.forms.map((form) => Object.fromEntries(form))).toEqual([
      { grant_type: 'refresh_token', client_id: 'app', client_secret: SECRET, refresh_token: REFRESH },
    ]);
  });

  it('answers the reason of a "no" with an empty line, and takes it for the word on the account', async () => {
    const tokens = await tokenServer();
    const server = await relay(() => false);
    const outcome = await senderTo(server.url, config(tokens.url))();
    expect(outcome).toMatchObject({ type: 'account', code: 'smtp_535_5.7.8' });
    expect(server.logins.slice(1)).toEqual(['']);
    expect(tokens.forms).toHaveLength(1);
  });

  it('fetches another token when the one that was good is taken no more', async () => {
    const tokens = await tokenServer();
    let good = 'token-1';
    const server = await relay((token) => token === good);
    const deliver = senderTo(server.url, config(tokens.url));
    expect(await deliver(1)).toMatchObject({ type: 'accepted' });
    good = 'token-2';
    // A session that is open stays open: the next one has to log in anew.
    const untilNext = async () => {
      expect(await deliver(2)).toMatchObject({ type: 'accepted' });
      return tokens.forms.length;
    };
    await expect.poll(untilNext, { interval: 50 }).toBe(2);
  });

  it('is told as an account error when the renewal is refused, without a secret in it', async () => {
    const tokens = await tokenServer(() => REFUSED);
    const server = await relay(() => true);
    const outcome = await senderTo(server.url, config(tokens.url))();
    expect(outcome).toMatchObject({
      type: 'account',
      code: 'oauth_invalid_grant',
      message: expect.stringContaining('SMTP_OAUTH_REFRESH_TOKEN'),
      said: 'Token (secret) of <address> has been expired or revoked; not (secret).',
    });
    expect(server.logins).toEqual([]);
  });

  it('waits where tokens cannot be had just now, and where the relay has no such login a person is asked', async () => {
    const busy = await tokenServer(() => ({ status: 503, json: {} }));
    const server = await relay(() => true);
    const waits = { type: 'transient', scope: 'sender' };
    expect(await senderTo(server.url, config(busy.url))()).toMatchObject({ ...waits, code: 'oauth_503' });
    const away = config('http://127.0.0.1:1/token');
    expect(await senderTo(server.url, away)()).toMatchObject({ ...waits, code: 'ECONNREFUSED' });
    const plain = await relay(() => true, ['AUTH PLAIN']);
    expect(await senderTo(plain.url, config(busy.url))()).toMatchObject({
      type: 'account',
      code: 'EAUTH',
      message: expect.stringContaining('XOAUTH2'),
    });
  });
});

describe('an access token', () => {
  it('is renewed five minutes before its end, once for all who wait, with the refresh token that came last', async () => {
    let status = 200;
    const server = await tokenServer((form, before) =>
      status === 200
        ? { status, json: { access_token: `t${before}`, expires_in: 3_600, refresh_token: `r${before}` } }
        : { status, json: { form: form.size } },
    );
    let now = 0;
    const tokens = new AccessTokens(config(server.url), { host: 'mail.shop.example' }, () => now);
    const text = async () => {
      const answer = await tokens.get();
      return answer.type === 'token' ? answer.token.text : answer.outcome.type;
    };
    expect(await Promise.all([text(), text(), text()])).toEqual(['t0', 't0', 't0']);
    now = 54 * 60_000;
    expect(await text()).toBe('t0');
    now = 56 * 60_000;
    status = 500;
    expect(await text()).toBe('t0');
    now = 61 * 60_000;
    expect(await text()).toBe('transient');
    status = 200;
    expect(await text()).toBe('t3');
    expect(server.forms.map((form) => form.get('refresh_token'))).toEqual([REFRESH, 'r0', 'r0', 'r0']);
  });

  it('of an application that logs in as itself needs no refresh token', async () => {
    const server = await tokenServer();
    const own = config(server.url, { refreshToken: null, scope: 'https://outlook.office365.com/.default' });
    await new AccessTokens(own, { host: 'smtp.office365.com' }).get();
    expect(Object.fromEntries(server.forms[0]!)).toEqual({
      grant_type: 'client_credentials',
      client_id: 'app',
      client_secret: SECRET,
      scope: 'https://outlook.office365.com/.default',
    });
  });
});

describe('the SMTP_OAUTH_ variables', () => {
  const read = (env: Record<string, string>) => readOAuth((name) => env[`${name}`] ?? null);

  it.each([
    ['smtp.gmail.com', {}, 'https://oauth2.googleapis.com/token', undefined],
    [
      'smtp.office365.com',
      {},
      'https://login.microsoftonline.com/common/oauth2/v2.0/token',
      'https://outlook.office.com/SMTP.Send offline_access',
    ],
    [
      'smtp.office365.com',
      { tenant: 'shop.example', refreshToken: null },
      'https://login.microsoftonline.com/shop.example/oauth2/v2.0/token',
      'https://outlook.office365.com/.default',
    ],
    ['mail.example', { tokenUrl: 'https://id.example/t', scope: 'smtp' }, 'https://id.example/t', 'smtp'],
  ])('know where the tokens of %s come from (%j)', (host, more, url, scope) => {
    const { origin, path, form } = tokenRequest(config(null, more), host);
    expect(origin + path).toBe(url);
    expect(form['scope']).toBe(scope);
  });

  it.each([
    ['mail.example', {}, /SMTP_OAUTH_TOKEN_URL/],
    ['mail.example', { tokenUrl: 'http://id.example/t' }, /clear text/],
    ['smtp.gmail.com', { refreshToken: null }, /SMTP_OAUTH_REFRESH_TOKEN/],
    ['smtp.office365.com', { refreshToken: null }, /SMTP_OAUTH_TENANT/],
    ['smtp.office365.com', { tenant: '../x' }, /SMTP_OAUTH_TENANT/],
    ['gmail.com.evil.example', {}, /SMTP_OAUTH_TOKEN_URL/],
  ])('stop the start where they cannot do: %s, %j', (host, more, told) => {
    expect(() => tokenRequest(config(null, more), host)).toThrow(told);
  });

  it('go together, and with a user without a password', () => {
    expect(read({})).toBeNull();
    expect(() => read({ SMTP_OAUTH_REFRESH_TOKEN: 'x' })).toThrow(/SMTP_OAUTH_CLIENT_ID is not/);
    expect(() => read({ SMTP_OAUTH_CLIENT_ID: 'x' })).toThrow(/SMTP_OAUTH_CLIENT_SECRET/);
    const made = (url: string) => () =>
      createSmtpSender({ url, oauth: config('https://id.example/t'), from: USER, ratePerSecond: null });
    expect(made('smtp://a:b@mail.example')).toThrow(/has a password/);
    expect(made('smtp://mail.example')).toThrow(/has no user/);
  });
});

it('a refused renewal pauses the send with the reason, fails nobody, and is told by the doctor', async () => {
  let isRefused = true;
  const tokens = await tokenServer((form, before) => (isRefused ? REFUSED : numbered(form, before)));
  const server = await relay(() => true);
  const folder = freshFolder();
  const env = {
    TIDINGS_DATA_DIR: folder,
    SMTP_URL: server.url,
    EMAIL_FROM: 'a@localhost.invalid',
    SMTP_OAUTH_CLIENT_ID: 'app',
    SMTP_OAUTH_CLIENT_SECRET: SECRET,
    SMTP_OAUTH_REFRESH_TOKEN: REFRESH,
    SMTP_OAUTH_TOKEN_URL: tokens.url,
    TIDINGS_CONFIRM: 'off',
  };
  const tidings = await openTidings(readConfig(env), createLog('silent'));
  closing.push(async () => {
    await tidings.close();
    removeFolder(folder);
  });
  // biome-ignore lint/suspicious/noExplicitAny: each operation has its own input and output
  const call = (name: string, input: object): Promise<any> =>
    runOperation(tidings.operations.find((one) => one.name === name)!, input, CALLER);
  tidings.dispatcher.start();
  await call('leads.import', { leads: [{ email: 'ann@example.org' }, { email: 'bob@example.org' }] });
  const { audience_id } = await call('audience.create', { name: 'all' });
  const message = { audience_id, channel: 'email', message: 'Hi', subject: 'Hi' };
  const answer = await call('sendBulkMessages', { ...message, max_wait_seconds: 5 });
  expect(answer).toMatchObject({ state: 'paused', total_failed: 0, total_remaining: 2 });
  expect(JSON.stringify(answer)).toContain('invalid_grant');
  const { checks } = await doctor(env);
  expect(checks.find(({ name }) => name === 'email')).toMatchObject({
    ok: false,
    detail: expect.stringContaining('oauth_invalid_grant'),
  });
  expect(JSON.stringify([answer, checks])).not.toMatch(/sesame|abracadabra/);
  isRefused = false;
  await call('sends.resume', { send_id: answer.send_id });
  await expect.poll(async () => (await call('sends.get', { send_id: answer.send_id })).total_sent).toBe(2);
});
