import { domainToASCII } from 'node:url';
import { describe, expect, it } from 'vitest';
import fc from '../../../test/support/property.ts';
import { isCountryCode, normalizeEmail, normalizePhone } from './contact.ts';

describe('an email address', () => {
  it.each([
    [' Ann@Example.COM ', 'ann@example.com'],
    ['mailto:ann@example.com', 'ann@example.com'],
    ['Ann Lee <ann.lee+x@mail.example.co.uk>', 'ann.lee+x@mail.example.co.uk'],
    ['josé@correo.españa.example', 'josé@correo.xn--espaa-rta.example'],
    ["o'hara@example.com", "o'hara@example.com"],
    // One mailbox, however its domain is spelt.
    ['ann@ｅｘａｍｐｌｅ.com', 'ann@example.com'],
    ['ann@𝐞xample.com', 'ann@example.com'],
    ['ann@example。com', 'ann@example.com'],
    ['ann@example.com.', 'ann@example.com'],
    ['ann@exam\u00adple.com', 'ann@example.com'],
    ['bob@exämple.de', 'bob@xn--exmple-cua.de'],
    ['bob@exa\u0308mple.de', 'bob@xn--exmple-cua.de'],
    ['bob@XN--EXMPLE-CUA.de', 'bob@xn--exmple-cua.de'],
    // ß is a letter of its own since IDNA 2008: two domains that different people may hold.
    ['eve@straße.de', 'eve@xn--strae-oqa.de'],
    ['eve@strasse.de', 'eve@strasse.de'],
    // Before the @ too: letters of an input method, a ligature of a PDF, letters and accents apart, capitals.
    ['ＡＮＮ@example.com', 'ann@example.com'],
    ['𝐚nn@example.com', 'ann@example.com'],
    ['ﬁnn@example.com', 'finn@example.com'],
    ['jose\u0301@example.com', 'josé@example.com'],
    ['\u200e\u200bann@example.com\ufeff', 'ann@example.com'],
    ['Ann <\u200bann@example.com>', 'ann@example.com'],
    ['ann＠example.com', 'ann@example.com'],
    ['(ann@example.com)', 'ann@example.com'],
    ['[ann@example.com]', 'ann@example.com'],
    ['«ann@example.com»', 'ann@example.com'],
  ])('%j is read as %s', (raw, value) => {
    expect(normalizeEmail(raw)).toEqual({ ok: true, value });
  });

  it.each([
    ['ann', 'no @'],
    ['ann@', 'no domain after'],
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
    ['a\u200db@example.com', 'before the @'],
    ['a＠b@example.com', 'before the @'],
    ['a@example..com', 'not a domain'],
    ['a@example.com..', 'not a domain'],
    ['a@ex%61mple.com', 'not a domain'],
    ['a@example.com:25', 'not a domain'],
    ['a@example.com/x', 'not a domain'],
    ['a@ex\u200dample.com', 'not a domain'],
    ['a@xn--zzzzzz99999.de', 'not a domain'],
    ['a@\ud800.com', 'not a domain'],
    [`a@${'é'.repeat(63)}.com`, 'not a domain'],
    ['a@[127.0.0.1]', 'not a domain'],
    ['a@１２７.0.0.1', 'IP number'],
    ['a@0x7f.0x1', 'IP number'],
    [`a@${'é.'.repeat(40)}com`, '254 bytes'],
  ])('%j cannot be used, and the reason says why', (raw, words) => {
    const read = normalizeEmail(raw);
    expect(read.ok).toBe(false);
    expect(!read.ok && read.reason).toContain(words);
  });
});

describe('the key of a mailbox', () => {
  const spelling = (usual: string) =>
    fc
      .array(
        fc.oneof(fc.constantFrom(...usual), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 })),
        {
          minLength: 1,
          maxLength: 8,
        },
      )
      .map((parts) => parts.join(''));
  const letters = 'abxn--ABſKKİıßẞςΣσﬁＡａ𝐚①².。．｡\u00ad\u200b\u200c\u200d\u0301\u0308ä०';
  const address = fc
    .tuple(spelling(letters), spelling(letters), fc.constantFrom('com', 'COM', 'com.', 'ｃｏｍ', 'xn--p1ai'))
    .map(([local, domain, end]) => `${local}@${domain}.${end}`);

  it('is its own key', () => {
    let usable = 0;
    fc.assert(
      fc.property(address, (raw) => {
        const read = normalizeEmail(raw);
        if (!read.ok) return;
        usable += 1;
        expect(normalizeEmail(read.value)).toEqual(read);
      }),
      { numRuns: 20_000 },
    );
    expect(usable).toBeGreaterThan(1_000);
  });

  it('is one for all spellings of a domain that are one on the wire', () => {
    const spellings = new Map<string, string>();
    let met = 0;
    fc.assert(
      fc.property(address, (raw) => {
        const domain = raw.slice(raw.lastIndexOf('@') + 1);
        const read = normalizeEmail(`ann@${domain}`);
        if (!read.ok) return;
        const wire = domainToASCII(domain).replace(/\.$/, '');
        if (spellings.has(wire)) met += 1;
        expect(read.value).toBe(`ann@${wire}`);
        expect(spellings.get(wire) ?? read.value).toBe(read.value);
        spellings.set(wire, read.value);
      }),
      { numRuns: 20_000 },
    );
    expect(met).toBeGreaterThan(100);
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
    ['+1 415 523 8886 ext 3', null, '+14155238886'],
    // One account of WhatsApp, however it is written.
    ['+55 31 8555-0101', null, '+5531985550101'],
    ['+54 11 5555-0106', null, '+5491155550106'],
    ['+54 9 11 5555-0106', null, '+5491155550106'],
  ])('%j with the country %s is %s', (raw, country, value) => {
    expect(normalizePhone(raw, country)).toMatchObject({ ok: true, value });
  });

  it.each([
    ['55 1234 5678', null, 'DEFAULT_COUNTRY'],
    ['call me', 'MX', 'letters'],
    ['14155238886', 'MX', 'also reads as +14155238886'],
    ['5.25E+11', 'MX', 'shortened'],
    ['+1 415 523 8886 #9', null, 'extension'],
    ['11 8555-0103', 'BR', 'nine digits'],
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
