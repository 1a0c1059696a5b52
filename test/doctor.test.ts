import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkClock } from '../src/upkeep/doctor/check-clock.ts';
import { checkHost } from '../src/upkeep/doctor/check-names.ts';
import { doctor } from '../src/upkeep/doctor/doctor.ts';
import { checkDomain } from '../src/upkeep/doctor/domain/check-domain.ts';
import { systemNames } from '../src/upkeep/doctor/domain/names.ts';
import { CloudAccount } from './support/cloud-account.ts';
import { startCloudApi } from './support/cloud-api-server.ts';
import { freshFolder, removeFolder } from './support/core.ts';
import { startSmtpServer } from './support/smtp-server.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function folder(): string {
  const made = freshFolder();
  closing.push(() => removeFolder(made));
  return made;
}

async function checksOf(env: Record<string, string>) {
  const { checks } = await doctor(env);
  return new Map(checks.map((check) => [check.name, check]));
}

describe('the doctor', () => {
  it('finds a fresh folder in the sandbox fit', async () => {
    const checks = await checksOf({ TIDINGS_DATA_DIR: folder() });
    expect([...checks.keys()]).toEqual([
      'configuration',
      'access',
      'database',
      'files',
      'disk',
      'email',
      'whatsapp',
    ]);
    expect([...checks.values()].map(({ ok }) => ok)).toEqual([true, true, true, true, true, null, null]);
    expect(checks.get('access')!.detail).toContain('programs of this machine only');
  });

  it('looks at the account of WhatsApp: rights, webhook, quality, limit, name and templates, each with its page', async () => {
    const account = new CloudAccount();
    const cloud = await startCloudApi({ account });
    closing.push(() => cloud.stop());
    const env = {
      TIDINGS_DATA_DIR: folder(),
      WHATSAPP_API_URL: cloud.url.replace('127.0.0.1', 'localhost'),
      WHATSAPP_PHONE_NUMBER_ID: '1234567890',
      WHATSAPP_ACCESS_TOKEN: 'token-4711',
    };
    const poor = await checksOf(env);
    expect(poor.get('whatsapp templates')).toMatchObject({
      isWarning: true,
      fix: expect.stringContaining('API Setup'),
    });
    expect(poor.get('whatsapp news')).toMatchObject({
      isWarning: true,
      fix: expect.stringContaining('App settings'),
    });
    const whole = {
      ...env,
      WHATSAPP_BUSINESS_ACCOUNT_ID: '1001',
      WHATSAPP_APP_SECRET: 's',
      WHATSAPP_VERIFY_TOKEN: 'v',
    };
    const body = [{ type: 'BODY', text: 'Hello' }];
    for (const status of ['APPROVED', 'APPROVED', 'PENDING'])
      account.add({ name: `t${account.templates.length}`, status, components: body });
    account.tier = 'TIER_2K';
    const good = await checksOf(whole);
    expect(good.get('whatsapp templates')).toMatchObject({ ok: true, detail: '2 APPROVED, 1 PENDING' });
    expect(good.get('whatsapp quality')).toMatchObject({
      ok: true,
      detail: 'quality GREEN; 2,000 people within 24 hours',
    });
    expect(good.get('whatsapp webhook')).toMatchObject({ ok: true });
    expect([...good.keys()]).not.toContain('whatsapp news');
    Object.assign(account, { quality: 'RED', nameStatus: 'PENDING_REVIEW', apps: [] });
    account.faults.list = { code: 200, message: 'Permissions error' };
    const bad = await checksOf(whole);
    expect(bad.get('whatsapp templates')).toMatchObject({
      ok: false,
      fix: expect.stringContaining('System users'),
    });
    expect(bad.get('whatsapp templates')!.detail).toContain('whatsapp_business_management');
    expect(bad.get('whatsapp quality')).toMatchObject({
      isWarning: true,
      fix: expect.stringContaining('Phone numbers'),
    });
    expect(bad.get('whatsapp name')).toMatchObject({ isWarning: true });
    expect(bad.get('whatsapp webhook')).toMatchObject({
      isWarning: true,
      fix: expect.stringContaining('subscribe'),
    });
  });

  it('looks at each way out: its name, its login, its clock', async () => {
    const smtp = await startSmtpServer({});
    closing.push(() => smtp.stop());
    const cloud = await startCloudApi({ token: 'secret-token' });
    closing.push(() => cloud.stop());
    const checks = await checksOf({
      TIDINGS_DATA_DIR: folder(),
      SMTP_URL: `${smtp.url}?tls=off`.replace('127.0.0.1', 'localhost'),
      EMAIL_FROM: 'a@localhost.invalid',
      WHATSAPP_API_URL: cloud.url,
      WHATSAPP_PHONE_NUMBER_ID: '1234567890',
      WHATSAPP_ACCESS_TOKEN: 'wrong-token-sesame',
    });
    expect(checks.get('email relay name')).toMatchObject({ ok: true });
    expect(checks.get('email')).toMatchObject({ ok: true });
    expect(checks.get('email domain')!.ok).not.toBe(false);
    expect(checks.get('whatsapp')).toMatchObject({ ok: false });
    // Without a key, whoever is on this machine sends for real.
    expect(checks.get('access')).toMatchObject({ ok: true, isWarning: true });
    expect(checks.get('clock')).toMatchObject({ ok: true, detail: "within 2 s of the provider's" });
    expect(JSON.stringify([...checks.values()])).not.toContain('sesame');
  });

  it('says what is wrong with a variable, a data file or a number of a relay, and how to mend it', async () => {
    const broken = folder();
    writeFileSync(join(broken, 'tidings.db'), 'no database at all, '.repeat(300));
    const checks = await checksOf({
      TIDINGS_DATA_DIR: broken,
      SMTP_URL: 'smtp://127.0.0.1:1?tls=off',
      EMAIL_FROM: 'a@example.com',
    });
    expect(checks.get('database')).toMatchObject({ ok: false, fix: expect.any(String) });
    expect(checks.get('email')).toMatchObject({ ok: false, detail: expect.stringContaining('ECONNREFUSED') });
    const TIDINGS_API_KEY = 'sixteen letters!';
    const open = await checksOf({ TIDINGS_DATA_DIR: folder(), HOST: '0.0.0.0', TIDINGS_API_KEY });
    expect(open.get('access')).toMatchObject({ ok: true, detail: expect.stringContaining('(HOST)') });
    const [only] = (await doctor({ PORT: 'http' })).checks;
    expect(only).toMatchObject({ name: 'configuration', ok: false });
  });
});

describe('a name', () => {
  it('that no name server answers for is told within seconds, not waited for', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1');
    closing.push(() => silent.close());
    await once(silent, 'listening');
    const startedAt = performance.now();
    const [host, domain] = await Promise.all([
      checkHost('relay', 'mail.example.com', 'SMTP_URL', () => new Promise(() => {})),
      checkDomain(
        { from: 'shop.example.org.mx', bounces: null, signing: [], relayHost: null },
        systemNames([`127.0.0.1:${silent.address().port}`]),
      ),
    ]);
    expect(performance.now() - startedAt).toBeLessThan(7_000);
    expect(host).toMatchObject({ ok: false, detail: expect.stringContaining('within 2.5 s') });
    expect(domain).toMatchObject([{ name: 'email domain', ok: null }]);
  });

  it.each([
    ['ENOTFOUND', 'there is no host mail.example.com'],
    ['EAI_AGAIN', 'cannot be found (EAI_AGAIN)'],
  ])('that cannot be found (%s) is told in plain words', async (code, words) => {
    const find = () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code }));
    const check = await checkHost('relay', 'mail.example.com', 'SMTP_URL', find);
    expect(check).toMatchObject({ ok: false, detail: expect.stringContaining(words) });
  });
});

it('a clock that is more than two seconds off is a warning, with what goes wrong by it', () => {
  expect(checkClock('clock', "the database's", -1_900, 'Why.')).toMatchObject({ ok: true });
  const { ok, isWarning, detail, fix } = checkClock('clock', "the database's", -75_400, 'Sends start late.');
  expect([ok, isWarning]).toEqual([true, true]);
  expect(detail).toBe("this machine's clock is 75.4 s behind the database's. Sends start late.");
  expect(fix).toContain('NTP');
});
