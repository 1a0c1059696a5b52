import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeHost } from '../../test/support/fake-host.ts';
import { readConfig } from '../config.ts';
import { BARE } from '../environment/load-environment.ts';
import type { CliHost } from './host.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidings-init-'));
  file = join(folder, '.env');
});

afterEach(() => rmSync(folder, { recursive: true }));

async function init(...answers: string[]) {
  const { run, seen, host } = fakeHost();
  host.stdin = (async function* () {
    yield Buffer.from(answers.map((answer) => `${answer}\n`).join(''));
  })() as CliHost['stdin'];
  host.env['TIDINGS_ENV_FILE'] = file;
  return { code: await run('init'), ...seen };
}

const written = () => parseEnv(readFileSync(file, 'utf8')) as Record<string, string>;

describe('tidings init', () => {
  it('asks its way through and writes settings that the server takes, for this user alone', async () => {
    const url = 'smtp://ann:it$word@mail.example.com:587';
    const { code, out } = await init(
      "Ann's shop",
      'smtp',
      url,
      'Ann <ann@example.com>',
      '',
      'mx',
      'https://t.example.com',
    );
    expect(code).toBe(0);
    expect(out).toContain(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(written()).toEqual({
      SITE_NAME: "Ann's shop",
      EMAIL_PROVIDER: 'smtp',
      SMTP_URL: url,
      EMAIL_FROM: 'Ann <ann@example.com>',
      DEFAULT_COUNTRY: 'mx',
      PUBLIC_URL: 'https://t.example.com',
      TIDINGS_API_KEY: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(readConfig(written())).toMatchObject({ defaultCountry: 'MX', email: { url } });
  });

  it('asks nothing when there is no folder that the answers could be written to', async () => {
    file = join(folder, 'nowhere/.env');
    const { code, err } = await init('My shop', '', '', '', '');
    expect([code, err]).toEqual([
      1,
      `Error: ${join(folder, 'nowhere')} cannot be used: there is no such file.\n`,
    ]);
  });

  it.each([
    [['My shop', 'smpt'], '"smpt" is none of them: write one of smtp, '],
    [[`Ann's "shop"`], 'It has an apostrophe beside one of'],
    [["Ann's $5 shop"], 'It has an apostrophe beside one of'],
  ])('refuses %j, and writes nothing', async (answers, told) => {
    const { code, err } = await init(...answers);
    expect([code, existsSync(file)]).toEqual([2, false]);
    expect(err).toContain(told);
  });

  it('shows no secret', async () => {
    const { out, err } = await init(
      '',
      'resend',
      're_secret',
      'a@x.example',
      'twilio',
      `AC${'5ec4e7'.repeat(6).slice(0, 32)}`,
      'token-secret',
      '+14155550100',
      '',
      '',
    );
    expect(out + err).not.toMatch(/_secret|-secret|5ec4e7/);
    expect(written()).toMatchObject({ RESEND_API_KEY: 're_secret', TWILIO_AUTH_TOKEN: 'token-secret' });
  });

  it.each([
    ['a provider that is none', ['', 'pigeon'], '"pigeon" is none of them: write one of smtp'],
    ['an address that is none', ['', 'smtp', 'mail.example.com'], 'SMTP_URL'],
    ['a sender that is none', ['', 'smtp', 'smtp://mail.example.com', 'Ann'], 'EMAIL_FROM'],
    ['a country that is none', ['', '', '', 'Mexico'], 'DEFAULT_COUNTRY is "MEXICO"'],
    ['what is needed and left out', ['', 'smtp', ''], 'SMTP_URL is needed'],
    ['no answer at all', [], 'Nobody answered for SITE_NAME'],
  ])('refuses %s, and writes nothing', async (_, answers, told) => {
    const { code, err } = await init(...answers);
    expect(code).toBe(2);
    expect(err).toContain(told);
    expect(() => statSync(file)).toThrow();
  });

  it('leaves a file that is there as it is', async () => {
    await init('One', '', '', '', '');
    const { code, err } = await init('Two', '', '', '', '');
    expect(code).toBe(1);
    expect(err).toContain('is there already');
    expect(written()).toEqual({ SITE_NAME: 'One' });
  });
});

describe('tidings config', () => {
  function host(env: Record<string, string>) {
    const { run, seen, host } = fakeHost();
    Object.assign(host.env, env);
    Object.assign(host, { environment: { ...BARE, from: new Map([['SMTP_URL', '/run/secrets/smtp']]) } });
    return { run, seen };
  }
  const env = { SMTP_URL: 'smtp://ann:hunter2@x.example', EMAIL_FROM: 'a@x.example', SMTPURL: 'hunter3' };

  it('shows what is set, where it came from and what is no setting, and no secret', async () => {
    const { run, seen } = host(env);
    expect(await run('config')).toBe(0);
    expect(seen.out).toMatch(/SMTP_URL +set, not shown +\/run\/secrets\/smtp/);
    expect(seen.out).toMatch(/EMAIL_FROM +a@x\.example +environment/);
    expect(seen.out).toContain('SMTPURL (environment) is no setting: did you mean SMTP_URL?');
    expect(seen.out).not.toContain('hunter');
    const json = host(env);
    await json.run('config', '--json');
    expect(json.seen.out).not.toContain('hunter');
    expect(JSON.parse(json.seen.out)).toMatchObject({
      success: true,
      unknown: [{ name: 'SMTPURL', from: 'environment', meant: 'SMTP_URL' }],
    });
  });

  it('says what cannot be used, and is 1', async () => {
    const { run, seen } = host({ PORT: 'http' });
    expect(await run('config')).toBe(1);
    expect(seen.out).toContain('PORT is "http"');
  });
});
