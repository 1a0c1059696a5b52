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
    [{ DEFAULT_COUNTRY: 'Mexico' }, 'DEFAULT_COUNTRY is "MEXICO"'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL is "loud"'],
    [{ PUBLIC_URL: 'tidings.example.com' }, 'PUBLIC_URL is'],
    [{ SMTP_URL: 'smtp://h' }, 'EMAIL_FROM is not'],
    [{ WHATSAPP_PHONE_NUMBER_ID: '1' }, 'WHATSAPP_ACCESS_TOKEN is not'],
    [{ ...smtp, SMTP_RATE: '-1' }, 'SMTP_RATE is "-1"'],
  ])('%j is refused by name', (env, words) => {
    expect(() => readConfig(env)).toThrow(words);
  });

  it('may listen beyond this machine with a key', () => {
    expect(readConfig({ HOST: '0.0.0.0', TIDINGS_API_KEY: 'k' }).host).toBe('0.0.0.0');
  });
});
