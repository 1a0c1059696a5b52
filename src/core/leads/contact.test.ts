import { describe, expect, it } from 'vitest';
import { isCountryCode, normalizeEmail, normalizePhone } from './contact.ts';

describe('an email address', () => {
  it.each([
    [' Ann@Example.COM ', 'ann@example.com'],
    ['mailto:ann@example.com', 'ann@example.com'],
    ['Ann Lee <ann.lee+x@mail.example.co.uk>', 'ann.lee+x@mail.example.co.uk'],
    ['josé@correo.españa.example', 'josé@correo.españa.example'],
    ["o'hara@example.com", "o'hara@example.com"],
  ])('%j is read as %s', (raw, value) => {
    expect(normalizeEmail(raw)).toEqual({ ok: true, value });
  });

  it.each([
    ['ann', 'no @'],
    ['ann@', 'not a whole domain'],
    ['ann@localhost', 'not a whole domain'],
    ['@example.com', 'before the @'],
    ['a b@example.com', 'space or comma'],
    ['a@example.com, b@example.com', 'space or comma'],
    ['a..b@example.com', 'before the @'],
    ['a@-x.com', 'not a domain'],
    ['a@127.0.0.1', 'IP number'],
    [`${'x'.repeat(65)}@example.com`, '64 bytes'],
    ['a@b.com\r\nBcc: c@d.com', 'space or comma'],
    ['a\u0000@b.com', 'before the @'],
  ])('%j cannot be used, and the reason says why', (raw, words) => {
    const read = normalizeEmail(raw);
    expect(read.ok).toBe(false);
    expect(!read.ok && read.reason).toContain(words);
  });
});

describe('a phone number', () => {
  it.each([
    ['+52 55 1234 5678', null, '+525512345678'],
    ['55 1234 5678', 'MX', '+525512345678'],
    ['+52 1 55 1234 5678', null, '+525512345678'],
    ['0049 (30) 901820', null, '+4930901820'],
    ['whatsapp:+14155238886', null, '+14155238886'],
    ['030 901820', 'DE', '+4930901820'],
  ])('%j with the country %s is %s', (raw, country, value) => {
    expect(normalizePhone(raw, country)).toEqual({ ok: true, value });
  });

  it.each([
    ['55 1234 5678', null, 'DEFAULT_COUNTRY'],
    ['call me', 'MX', 'letters'],
    ['+1 415 523 8886 ext 3', null, 'letters'],
    ['12', 'MX', ''],
    ['+999 1234567', null, 'no country has this code'],
  ])('%j with the country %s cannot be used', (raw, country, words) => {
    const read = normalizePhone(raw, country);
    expect(read.ok).toBe(false);
    expect(!read.ok && read.reason).toContain(words);
  });

  it('has a default country that is one', () => {
    expect(isCountryCode('MX')).toBe(true);
    expect(isCountryCode('XX')).toBe(false);
  });
});
