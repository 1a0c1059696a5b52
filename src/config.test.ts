import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';

const smtp = { SMTP_URL: 'smtp://u:geheim@mail.example.com', EMAIL_FROM: 'A <a@example.com>' };

describe('the environment', () => {
  it('is read-only by a word that means it, and no start is made on a word that means nothing', () => {
    const of = (text?: string) => readConfig({ TIDINGS_READ_ONLY: text }).isReadOnly;
    for (const on of ['true', 'TRUE', ' True ', '1', 'yes', 'on', 'ON']) expect(of(on), on).toBe(true);
    for (const off of [undefined, '', '   ', 'false', '0', 'no', 'off']) expect(of(off), off).toBe(false);
    for (const wrong of ['tru', 'read', '2', 'null', 'yes please', '-1'])
      expect(() => of(wrong), wrong).toThrow(`TIDINGS_READ_ONLY is "${wrong}", which is neither on nor off.`);
  });

  it('when empty means this machine only, a local folder and the sandbox', () => {
    expect(readConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      dataDir: './data',
      apiKey: null,
      email: null,
      whatsapp: null,
    });
  });

  it('with a relay and a number makes both channels live, with the documented defaults', () => {
    const config = readConfig({ ...smtp, WHATSAPP_PHONE_NUMBER_ID: '1', WHATSAPP_ACCESS_TOKEN: 't' });
    expect(config.email).toMatchObject({ connections: 10, ratePerSecond: null });
    expect(config.whatsapp).toMatchObject({ apiUrl: 'https://graph.facebook.com', ratePerSecond: 80 });
  });

  it('with an account at Twilio alone sends WhatsApp by it, and by Meta where both are there and nothing is said', () => {
    const twilio = {
      TWILIO_ACCOUNT_SID: 'AC1',
      TWILIO_AUTH_TOKEN: 't',
      TWILIO_WHATSAPP_FROM: '+15550001111',
    };
    const meta = { WHATSAPP_PHONE_NUMBER_ID: '1', WHATSAPP_ACCESS_TOKEN: 't' };
    const of = (env: object) => {
      const config = readConfig(env as NodeJS.ProcessEnv);
      return [config.twilio !== null, config.whatsapp !== null];
    };
    expect(of(twilio)).toEqual([true, false]);
    expect(of({ ...twilio, ...meta })).toEqual([false, true]);
    expect(of({ ...twilio, ...meta, WHATSAPP_PROVIDER: 'twilio' })).toEqual([true, false]);
    expect(of({ ...twilio, WHATSAPP_PROVIDER: 'cloud' })).toEqual([false, false]);
  });

  it('with one provider of email sends by it; with two it says which, and the rate is the same for all', () => {
    const of = (env: object) => {
      const { email, emailApi } = readConfig({ EMAIL_FROM: 'a@example.com', ...env });
      return emailApi?.provider ?? (email ? 'smtp' : null);
    };
    const aws = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' };
    expect(of(aws)).toBe('ses');
    expect(of({ ...aws, EMAIL_FROM: undefined })).toBe(null);
    expect(of({ RESEND_API_KEY: 'k' })).toBe('resend');
    expect(of({ POSTMARK_SERVER_TOKEN: 'k' })).toBe('postmark');
    expect(of({ SENDGRID_API_KEY: 'k' })).toBe('sendgrid');
    expect(of({ MAILGUN_API_KEY: 'k', MAILGUN_DOMAIN: 'mg.example.com' })).toBe('mailgun');
    expect(of({ BREVO_API_KEY: 'k' })).toBe('brevo');
    const both = { ...smtp, ...aws, RESEND_API_KEY: 'k' };
    expect(() => of(both)).toThrow(
      'SMTP_URL and AWS_ACCESS_KEY_ID and RESEND_API_KEY are set, and EMAIL_PROVIDER does not say which provider sends.',
    );
    for (const one of ['smtp', 'ses', 'resend']) expect(of({ ...both, EMAIL_PROVIDER: one })).toBe(one);
    expect(readConfig({ ...smtp, EMAIL_RATE: '3' }).email?.ratePerSecond).toBe(3);
    expect(readConfig({ ...smtp, EMAIL_RATE: '3', SMTP_RATE: '2' }).email?.ratePerSecond).toBe(2);
    expect(readConfig({ ...both, EMAIL_PROVIDER: 'resend', EMAIL_RATE: '3' }).emailApi).toEqual({
      provider: 'resend',
      from: smtp.EMAIL_FROM,
      apiKey: 'k',
      apiUrl: null,
      ratePerSecond: 3,
    });
  });

  it.each([
    ['http://localhost:3000', null],
    [undefined, null],
    ['https://tidings.example.com/', 'https://tidings.example.com/webhooks/twilio'],
  ])('Twilio is told to call back under PUBLIC_URL %s: %s', (PUBLIC_URL, statusUrl) => {
    const config = readConfig({
      ...{ TWILIO_ACCOUNT_SID: 'AC1', TWILIO_AUTH_TOKEN: 't', TIDINGS_API_KEY: 'k'.repeat(16) },
      ...(PUBLIC_URL && { PUBLIC_URL }),
    });
    expect(config.twilio?.statusUrl).toBe(statusUrl);
  });

  it.each([
    [{ EMAIL_PROVIDER: 'SES' }, 'EMAIL_PROVIDER is "SES"'],
    [{ EMAIL_PROVIDER: 'smtp' }, 'SMTP_URL is not'],
    [{ EMAIL_PROVIDER: 'ses', EMAIL_FROM: 'a@example.com' }, 'AWS_REGION is not'],
    [{ RESEND_API_KEY: 'k' }, 'EMAIL_FROM is not'],
    [{ MAILGUN_API_KEY: 'k', EMAIL_FROM: 'a@example.com' }, 'MAILGUN_DOMAIN is not'],
    [{ ...smtp, EMAIL_RATE: 'fast' }, 'EMAIL_RATE is "fast"'],
    [{ WHATSAPP_PROVIDER: 'meta' }, 'WHATSAPP_PROVIDER is "meta"'],
    [{ WHATSAPP_PROVIDER: 'twilio' }, 'TWILIO_ACCOUNT_SID is not'],
    [{ TWILIO_ACCOUNT_SID: 'AC1' }, 'TWILIO_AUTH_TOKEN is not'],
    [{ HOST: '0.0.0.0' }, 'HOST is "0.0.0.0"'],
    [{ PORT: 'http' }, 'PORT is "http"'],
    [{ PORT: '70000' }, 'PORT is "70000"'],
    [{ BOUNCE_DOMAIN: 'a@b.example' }, 'BOUNCE_DOMAIN is "a@b.example"'],
    [{ BOUNCE_LISTEN: '127.0.0.1:25' }, 'BOUNCE_DOMAIN is not'],
    [{ BOUNCE_DOMAIN: 'b.example', BOUNCE_LISTEN: '25' }, 'BOUNCE_LISTEN is "25"'],
    [{ BOUNCE_DOMAIN: 'b.example', BOUNCE_LISTEN: '::1:70000' }, 'BOUNCE_LISTEN is "::1:70000"'],
    [{ BOUNCE_MAILBOX_URL: 'imaps://u:p@h' }, 'BOUNCE_DOMAIN is not'],
    [{ BOUNCE_MAILBOX_URL: 'imap://u:p@h' }, 'BOUNCE_MAILBOX_URL would show the password'],
    [{ DEFAULT_COUNTRY: 'Mexico' }, 'DEFAULT_COUNTRY is "MEXICO"'],
    [{ MAX_PER_CONTACT: '1/day' }, 'MAX_PER_CONTACT is "1/day"'],
    [{ MAX_PER_CONTACT: '0/24h' }, 'MAX_PER_CONTACT is "0/24h"'],
    [{ MAX_PER_CONTACT: '1/400d' }, 'MAX_PER_CONTACT is "1/400d"'],
    [{ RETAIN_MESSAGES_DAYS: '0' }, 'RETAIN_MESSAGES_DAYS is "0"'],
    [{ RETAIN_MESSAGES_DAYS: '1.5' }, 'RETAIN_MESSAGES_DAYS is "1.5"'],
    [{ RETAIN_MESSAGES_DAYS: 'ninety' }, 'RETAIN_MESSAGES_DAYS is "ninety"'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL is "loud"'],
    [{ TIDINGS_CONFIRM_ABOVE: 'ten' }, 'TIDINGS_CONFIRM_ABOVE is "ten"'],
    [{ TIDINGS_CONFIRM_ABOVE: '-1' }, 'TIDINGS_CONFIRM_ABOVE is "-1"'],
    [{ TIDINGS_CONFIRM_ABOVE: '1e9' }, 'TIDINGS_CONFIRM_ABOVE is "1e9"'],
    [{ HOST: '192.168.0.9' }, 'HOST is "192.168.0.9"'],
    [{ PUBLIC_URL: 'tidings.example.com' }, 'PUBLIC_URL is'],
    [{ PUBLIC_URL: 'https://' }, 'PUBLIC_URL is'],
    [{ PUBLIC_URL: 'https://a.example/tidings' }, 'which has more than a host'],
    [{ PUBLIC_URL: 'https://a.example?x=1' }, 'which has more than a host'],
    [{ PUBLIC_URL: 'https://ann:pw@a.example' }, 'PUBLIC_URL holds a user'],
    [{ PUBLIC_URL: 'https://tidings.example.com' }, 'PUBLIC_URL is "https://tidings.example.com"'],
    [{ PUBLIC_URL: 'https://localhost.example.com' }, 'reachable from other machines'],
    [{ TIDINGS_API_KEY: 'fifteen letters' }, 'TIDINGS_API_KEY has 15 characters'],
    [{ TIDINGS_API_KEY: 'k'.repeat(513) }, 'TIDINGS_API_KEY is longer than 512'],
    [{ TIDINGS_API_KEY: 'sixteen letters ü' }, 'cannot be sent in a header'],
    [{ SMTP_URL: 'smtp://h' }, 'EMAIL_FROM is not'],
    [{ WHATSAPP_PHONE_NUMBER_ID: '1' }, 'WHATSAPP_ACCESS_TOKEN is not'],
    [{ ...smtp, SMTP_RATE: '-1' }, 'SMTP_RATE is "-1"'],
  ])('%j is refused by name', (env, words) => {
    expect(() => readConfig(env)).toThrow(words);
  });

  it.each(['TOKEN', 'tokens', 'persons', 'human', '1', 'yes', 'on', 'TRUE', '0', 'none', 'ask,token'])(
    'TIDINGS_CONFIRM=%s stops the start, and names what it may be',
    (TIDINGS_CONFIRM) => {
      const start = () => readConfig({ TIDINGS_CONFIRM });
      expect(start).toThrow(`TIDINGS_CONFIRM is "${TIDINGS_CONFIRM}", which is no way to confirm`);
      expect(start).toThrow(expect.objectContaining({ fix: 'Use one of ask, token, person, off.' }));
    },
  );

  it.each([
    [undefined, 'ask'],
    ['', 'ask'],
    ['  ', 'ask'],
    ['ask', 'ask'],
    [' token ', 'token'],
    ['person', 'person'],
    ['off', 'off'],
  ])('TIDINGS_CONFIRM=%j is %s', (given, confirm) => {
    expect(readConfig({ TIDINGS_CONFIRM: given }).confirm).toBe(confirm);
  });

  it.each(['Split', 'SPLIT', '1', 'yes', 'on', 'off', 'group', 'grouped,split'])(
    'MCP_TOOLS=%s stops the start, and names what it may be',
    (MCP_TOOLS) => {
      const start = () => readConfig({ MCP_TOOLS });
      expect(start).toThrow(`MCP_TOOLS is "${MCP_TOOLS}", which is no way to show tools`);
      expect(start).toThrow(expect.objectContaining({ fix: 'Use one of grouped, split.' }));
    },
  );

  it.each([
    [undefined, 'grouped'],
    [' ', 'grouped'],
    [' split ', 'split'],
  ])('MCP_TOOLS=%j is %s', (given, mode) => {
    expect(readConfig({ MCP_TOOLS: given }).mcpTools).toBe(mode);
  });

  it('may open the server to other machines with a key', () => {
    const TIDINGS_API_KEY = 'sixteen letters!';
    expect(readConfig({ HOST: '0.0.0.0', TIDINGS_API_KEY }).host).toBe('0.0.0.0');
    expect(readConfig({ PUBLIC_URL: 'https://a.example', TIDINGS_API_KEY }).apiKey).toBe(TIDINGS_API_KEY);
  });

  it('may name this machine as PUBLIC_URL without one', () => {
    for (const PUBLIC_URL of ['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000'])
      expect(readConfig({ PUBLIC_URL }).publicUrl).toBe(PUBLIC_URL);
  });

  it('never shows the key in a refusal', () => {
    expect(() => readConfig({ TIDINGS_API_KEY: 'canary' })).toThrow(/^(?!.*canary)/);
  });
});
