import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';

const smtp = { SMTP_URL: 'smtp://u:geheim@mail.example.com', EMAIL_FROM: 'A <a@example.com>' };

describe('the environment', () => {
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

  it.each([
    [{ HOST: '0.0.0.0' }, 'HOST is "0.0.0.0"'],
    [{ PORT: 'http' }, 'PORT is "http"'],
    [{ PORT: '70000' }, 'PORT is "70000"'],
    [{ BOUNCE_DOMAIN: 'a@b.example' }, 'BOUNCE_DOMAIN is "a@b.example"'],
    [{ BOUNCE_LISTEN: '127.0.0.1:25' }, 'BOUNCE_DOMAIN is not'],
    [{ BOUNCE_DOMAIN: 'b.example', BOUNCE_LISTEN: '25' }, 'BOUNCE_LISTEN is "25"'],
    [{ BOUNCE_DOMAIN: 'b.example', BOUNCE_LISTEN: '::1:70000' }, 'BOUNCE_LISTEN is "::1:70000"'],
    [{ DEFAULT_COUNTRY: 'Mexico' }, 'DEFAULT_COUNTRY is "MEXICO"'],
    [{ MAX_PER_CONTACT: '1/day' }, 'MAX_PER_CONTACT is "1/day"'],
    [{ MAX_PER_CONTACT: '0/24h' }, 'MAX_PER_CONTACT is "0/24h"'],
    [{ MAX_PER_CONTACT: '1/400d' }, 'MAX_PER_CONTACT is "1/400d"'],
    [{ RETAIN_MESSAGES_DAYS: '0' }, 'RETAIN_MESSAGES_DAYS is "0"'],
    [{ RETAIN_MESSAGES_DAYS: '1.5' }, 'RETAIN_MESSAGES_DAYS is "1.5"'],
    [{ RETAIN_MESSAGES_DAYS: 'ninety' }, 'RETAIN_MESSAGES_DAYS is "ninety"'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL is "loud"'],
    [{ TIDINGS_CONFIRM: 'person' }, 'nobody could approve a send'],
    [{ HOST: '192.168.0.9' }, 'HOST is "192.168.0.9"'],
    [{ PUBLIC_URL: 'tidings.example.com' }, 'PUBLIC_URL is'],
    [{ PUBLIC_URL: 'https://' }, 'PUBLIC_URL is'],
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

  it.each(['TOKEN', 'tokens', '1', 'yes', 'on', 'TRUE', '0', 'none', 'ask,token'])(
    'TIDINGS_CONFIRM=%s stops the start, and names what it may be',
    (TIDINGS_CONFIRM) => {
      const start = () => readConfig({ TIDINGS_CONFIRM });
      expect(start).toThrow(`TIDINGS_CONFIRM is "${TIDINGS_CONFIRM}", which is no way to confirm`);
      expect(start).toThrow(expect.objectContaining({ fix: 'Use one of ask, token, off.' }));
    },
  );

  it.each([
    [undefined, 'ask'],
    ['', 'ask'],
    ['  ', 'ask'],
    ['ask', 'ask'],
    [' token ', 'token'],
    ['off', 'off'],
  ])('TIDINGS_CONFIRM=%j is %s', (given, confirm) => {
    expect(readConfig({ TIDINGS_CONFIRM: given }).confirm).toBe(confirm);
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
