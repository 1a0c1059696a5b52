import { describe, expect, it } from 'vitest';
import { readLeadsCsv } from '../csv/read-leads-csv.ts';

async function read(file: string | Buffer, pieceBytes = 7) {
  const bytes = Buffer.from(file as string);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const leads: Record<string, unknown>[] = [];
  const rejects: { line: number; reason: string }[] = [];
  for await (const batch of readLeadsCsv(pieces(), { country: 'MX' })) {
    for (const { line, input, read: row } of batch.rows)
      leads.push({
        line,
        ...input,
        email: row.email?.ok ? row.email.value : null,
        phone: row.phone?.ok ? row.phone.value : null,
      });
    for (const { line, reason } of batch.rejects) rejects.push({ line, reason });
  }
  return { leads, rejects };
}

const card = (...lines: string[]) => ['BEGIN:VCARD', ...lines, 'END:VCARD', ''].join('\r\n');

describe('a file of cards', () => {
  it('of version 3.0, as phones and address books write it', async () => {
    const { leads, rejects } = await read(
      card(
        'VERSION:3.0',
        'N:García López;María José;;Dra.;',
        'FN:Dra. María José García López',
        'ORG:Acme\\, S.A.;Ventas',
        'TITLE:Directora',
        'EMAIL;TYPE=INTERNET,WORK:work@example.com',
        'EMAIL;TYPE=INTERNET,HOME,pref:mj@example.com',
        'TEL;TYPE=WORK,VOICE:+52 55 1234 0000',
        'TEL;TYPE=CELL,VOICE:+52 55 1234 5678',
        'TEL;TYPE=FAX:+52 55 1234 9999',
        'ADR;TYPE=HOME:;;Calle 1;CDMX;;01000;Mexico',
        'NOTE:first line\\nsecond\\, with a comma and a very lo',
        ' ng end',
        'CATEGORIES:vip,news',
        'PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQ',
        ' AAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwc',
      ),
    );
    expect(rejects).toEqual([]);
    expect(leads).toMatchObject([
      {
        line: 1,
        first_name: 'María José',
        last_name: 'García López',
        email: 'mj@example.com',
        phone: '+525512345678',
        company: 'Acme, S.A.',
        position: 'Directora',
        notes: 'first line\nsecond, with a comma and a very long end',
        tags: ['vip', 'news'],
      },
    ]);
  });

  it('of version 2.1, quoted-printable in other characters', async () => {
    const { leads } = await read(
      card(
        'VERSION:2.1',
        'N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg',
        'FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg =',
        'M=C3=BCller',
        'TEL;CELL:55 1234 5678',
        'EMAIL;INTERNET:joerg@example.com',
      ),
    );
    expect(leads).toMatchObject([
      { first_name: 'Jörg', last_name: 'Müller', email: 'joerg@example.com', phone: '+525512345678' },
    ]);
  });

  it('of version 4.0, with URIs, groups and labels of one’s own', async () => {
    const { leads } = await read(
      card(
        'VERSION:4.0',
        'FN:Ann Lee',
        'item1.TEL;VALUE=uri;PREF=1:tel:+1-415-555-0100;ext=102',
        'item1.X-ABLabel:_$!<Work>!$_',
        'item2.TEL;VALUE=uri;TYPE="voice,home":tel:+1-415-555-0101',
        'item2.X-ABLabel:WhatsApp',
        'item3.EMAIL:mailto:ann@example.com',
      ),
    );
    expect(leads).toMatchObject([{ name: 'Ann Lee', email: 'ann@example.com', phone: '+14155550101' }]);
  });

  it('keeps the good ones, and tells the broken ones by their line', async () => {
    const good = card('FN:Ana', 'EMAIL:ana@example.com');
    const { leads, rejects } = await read(
      `${good}BEGIN:VCARD\r\nFN:No end\r\n${good.replaceAll('ana', 'bo')}${card('VERSION:3.0')}BEGIN:VCARD\r\nFN:Cut`,
    );
    expect(leads.map(({ email }) => email)).toEqual(['ana@example.com', 'bo@example.com']);
    expect(rejects).toEqual([
      { line: 5, reason: 'the card has no end' },
      { line: 11, reason: 'the card says nothing of anybody' },
      { line: 14, reason: 'the card has no end' },
    ]);
  });

  it.each(['utf16le', 'latin1'] as const)('in %s', async (encoding) => {
    const text = card('VERSION:3.0', 'FN:José Núñez', 'EMAIL:jose@example.com');
    const bytes = Buffer.from(encoding === 'utf16le' ? `\ufeff${text}` : text, encoding);
    expect((await read(bytes)).leads).toMatchObject([{ name: 'José Núñez', email: 'jose@example.com' }]);
  });

  it('with a picture on one line of a megabyte', async () => {
    const photo = `PHOTO;ENCODING=BASE64;JPEG:${'A'.repeat(1_000_000)}`;
    const { leads, rejects } = await read(card(photo, 'FN:Ana', 'EMAIL:ana@example.com'), 65_536);
    expect(rejects).toEqual([]);
    expect(leads).toMatchObject([{ email: 'ana@example.com' }]);
  });
});
