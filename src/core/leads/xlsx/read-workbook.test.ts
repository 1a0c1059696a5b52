import { strToU8 } from 'fflate';
import { describe, expect, it } from 'vitest';
import { inlineRows, sheet, workbook } from '../../../../test/support/workbook.ts';
import { readLeadsCsv } from '../csv/read-leads-csv.ts';
import type { CsvRecord } from '../csv/read-records.ts';
import { openTable } from '../open-table.ts';

async function* bytes(file: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += 1000) yield file.subarray(at, at + 1000);
}

async function table(file: Uint8Array) {
  const { pieces, notices } = await openTable(bytes(file));
  const records: CsvRecord[] = [];
  for await (const piece of pieces) records.push(...piece);
  return { records, notices, fields: records.map((record) => record.fields) };
}

/** The fields of one row of cells, written by hand. */
const row = async (cells: string, more: Parameters<typeof sheet>[1] = {}) =>
  (await table(sheet(`<row r="1">${cells}</row>`, more))).fields[0];

describe('a cell', () => {
  it('is a text by its number, or with its text in it, without how it is pronounced', async () => {
    const texts =
      '<si><t>Ana</t></si><si><r><rPr><b/></rPr><t>Nú</t></r><r><t xml:space="preserve">ñez </t></r></si>' +
      '<si><t>課きく</t><rPh sb="0" eb="1"><t>カ</t></rPh><phoneticPr fontId="1"/></si><si/>';
    expect(
      await row(
        '<c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c><c r="D1" t="s"><v>3</v></c>' +
          '<c r="E1" t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r><rPh><t>no</t></rPh></is></c>',
        { texts },
      ),
    ).toEqual(['Ana', 'Núñez ', '課きく', '', 'inline']);
  });

  it('has the characters that XML writes otherwise', async () => {
    expect(
      await row(
        '<c t="inlineStr"><is><t>a &amp; b &lt;c&gt; &#233; _x000D_\n _x005F_x000D_ <![CDATA[<d>]]></t></is></c>',
      ),
    ).toEqual(['a & b <c> é \r\n _x000D_ <d>']);
  });

  it('of a formula is the result that was kept, and of an error nothing', async () => {
    expect(
      await row(
        '<c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>A1&amp;"x"</f><v>2x</v></c><c r="C1"><f>NOW()</f></c>' +
          '<c r="D1" t="e"><f>NA()</f><v>#N/A</v></c><c r="E1" t="str"><f>HYPERLINK("https://x.example","see")</f><v>see</v></c>',
      ),
    ).toEqual(['2', '2x', '', '', 'see']);
  });

  it('is a number as it was typed, a phone without an exponent', async () => {
    expect(
      await row(
        '<c><v>5511987654321</v></c><c><v>5.511987654321E12</v></c><c><v>12.50</v></c><c><v>1E-7</v></c>',
      ),
    ).toEqual(['5511987654321', '5511987654321', '12.5', '0.0000001']);
  });

  it('is a date, a share or a code by the format of its style', async () => {
    expect(
      await row(
        '<c s="1"><v>45356</v></c><c s="2"><v>0.25</v></c><c s="3"><v>1234</v></c><c s="4"><v>1234.5</v></c><c s="99"><v>7</v></c>',
        { formats: ['dd/mm/yyyy', '0%', '00000', '#,##0.00'] },
      ),
    ).toEqual(['2024-03-05', '25%', '01234', '1234.5', '7']);
    expect(
      await row('<c s="1"><v>43894</v></c><c t="d"><v>2024-03-05T00:00:00</v></c>', {
        formats: ['yyyy-mm-dd'],
        is1904: true,
      }),
    ).toEqual(['2024-03-05', '2024-03-05']);
  });

  it('is TRUE or FALSE', async () => {
    expect(await row('<c t="b"><v>1</v></c><c t="b"><v>0</v></c><c t="b"/>')).toEqual(['TRUE', 'FALSE']);
  });

  it('stands in the column that it names, else behind the one before; of two in one place the later counts', async () => {
    expect(await row('<c r="B1"><v>2</v></c><c><v>3</v></c><c r="AA1"><v>27</v></c>')).toEqual([
      '',
      '2',
      '3',
      ...Array.from({ length: 23 }, () => ''),
      '27',
    ]);
    expect(await row('<c r="A1"><v>1</v></c><c r="A1"><v>2</v></c>')).toEqual(['2']);
  });

  it('that is merged with others is the first of them', async () => {
    const rows = inlineRows([
      ['Acme', ''],
      ['', 'b@x.com'],
    ]);
    const xml = `<worksheet><sheetData>${rows}</sheetData><mergeCells><mergeCell ref="A1:A2"/></mergeCells></worksheet>`;
    expect((await table(sheet(xml))).fields).toEqual([
      ['Acme', ''],
      ['', 'b@x.com'],
    ]);
  });
});

describe('a row', () => {
  it('has the number of the sheet for its line, also where it is hidden; blank ones are passed over', async () => {
    const { records } = await table(
      sheet(
        '<row r="3"><c><v>1</v></c></row><row r="4"/><row r="7" hidden="1"><c><v>2</v></c></row><row><c><v>3</v></c></row>',
      ),
    );
    expect(records.map(({ line }) => line)).toEqual([3, 7, 8]);
  });

  it('that names its number wrongly is counted on', async () => {
    const rows = ['5', '5', '2', '-1', 'x', '99999999999'].map((r) => `<row r="${r}"><c><v>1</v></c></row>`);
    expect((await table(sheet(rows.join('')))).records.map(({ line }) => line)).toEqual([5, 6, 7, 8, 9, 10]);
  });

  it('with one cell behind a blank row is below the table, and told', async () => {
    const above = inlineRows([['Name', 'Email'], ['Bo', 'b@x.com'], ['Ana']]);
    const below =
      '<row r="5"><c t="str"><v>Total: 2</v></c></row><row r="6"><c t="str"><v>© Acme</v></c></row>';
    const rejects: number[] = [];
    let rows = 0;
    for await (const batch of readLeadsCsv(bytes(sheet(above + below)))) {
      rejects.push(...batch.rejects.map(({ line }) => line));
      rows += batch.rows.length;
    }
    expect([rows, rejects]).toEqual([2, [5, 6]]);
  });

  it('with one cell is no less a row: what is blank is not in the file', async () => {
    const rows: unknown[] = [];
    for await (const batch of readLeadsCsv(
      bytes(sheet(inlineRows([['Name', 'Email'], ['Ana'], ['Bo', 'b@x.com']]))),
    ))
      rows.push(...batch.rows.map(({ line, input }) => [line, input]));
    expect(rows).toEqual([
      [2, { name: 'Ana' }],
      [3, { name: 'Bo', email: 'b@x.com' }],
    ]);
  });
});

describe('of the sheets', () => {
  const people = inlineRows([
    ['Name', 'Email'],
    ['Ana', 'ana@x.com'],
  ]);
  const notes = inlineRows([['How to use this file'], ['Write to help@x.com'], ['Name', 'of the team']]);

  it('the first that is shown and holds people is read, and the others are told', async () => {
    const { fields, notices } = await table(
      workbook({
        sheets: [
          { name: 'Old', xml: people.replace('ana@', 'old@'), state: 'hidden' },
          { name: 'Older', xml: people, state: 'veryHidden' },
          { name: 'Read me', xml: notes },
          { name: 'People', xml: people },
          { name: 'More', xml: people.replace('ana@', 'more@') },
        ],
      }),
    );
    expect(fields[1]).toEqual(['Ana', 'ana@x.com']);
    expect(notices).toEqual([
      'Of the workbook the sheet “People” was read. Not read: “Old” (hidden), “Older” (hidden), “Read me”, “More”; to import another, save it as a file of its own.',
    ]);
  });

  it('the first is read where none of them looks like people, and nothing is told of a single one', async () => {
    const { fields } = await table(
      workbook({
        sheets: [
          { name: 'Blank', xml: '' },
          { name: 'A', xml: inlineRows([['x'], ['y']]) },
          { name: 'B', xml: '' },
        ],
      }),
    );
    expect(fields).toEqual([['x'], ['y']]);
    expect((await table(sheet(people))).notices).toEqual([]);
  });

  it('hidden ones are never read', async () => {
    await expect(
      table(workbook({ sheets: [{ name: 'A', xml: people, state: 'hidden' }] })),
    ).rejects.toMatchObject({
      message: 'All sheets of the workbook are hidden.',
    });
  });

  it('a list of addresses without a header is people too', async () => {
    const list = inlineRows([['a@x.com'], ['b@x.com']]);
    const { fields } = await table(
      workbook({
        sheets: [
          { name: 'Notes', xml: notes },
          { name: 'List', xml: list },
        ],
      }),
    );
    expect(fields).toEqual([['a@x.com'], ['b@x.com']]);
  });
});

describe('a workbook of another program', () => {
  const texts = '<si><t>Email</t></si><si><t>ana@x.com</t></si>';
  const cells = '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row>';
  const expected = [['Email'], ['ana@x.com']];

  it('in the namespaces of Strict Open XML', async () => {
    expect((await table(sheet(cells, { texts, strict: true }))).fields).toEqual(expected);
  });

  it('with a prefix before each name, parts named from the root, in another place (Open XML SDK)', async () => {
    const ns = 'xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
    const prefixed = cells.replaceAll(/<(\/?)(\w)/g, '<$1x:$2');
    const type = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
    const file = sheet('', {
      parts: {
        '_rels/.rels': `<Relationships><Relationship Id="R1" Type="${type}/officeDocument" Target="/book/workbook2.xml"/></Relationships>`,
        'book/workbook2.xml': `<x:workbook ${ns} xmlns:q="${type}"><x:sheets><x:sheet name="S" sheetId="9" q:id="R2"/></x:sheets></x:workbook>`,
        'book/_rels/workbook2.xml.rels': `<Relationships><Relationship Id="R2" Type="${type}/worksheet" Target="/book/s.xml"/><Relationship Id="R3" Type="${type}/sharedStrings" Target="../book/t.xml"/></Relationships>`,
        'book/s.xml': `<x:worksheet ${ns}><x:sheetData>${prefixed}</x:sheetData></x:worksheet>`,
        'book/t.xml': `<x:sst ${ns}>${texts.replaceAll(/<(\/?)(\w)/g, '<$1x:$2')}</x:sst>`,
      },
    });
    expect((await table(file)).fields).toEqual(expected);
  });

  it.each([
    ['UTF-16, little end first', (xml: string) => Buffer.from(`\uFEFF${xml}`, 'utf16le')],
    ['UTF-16 without a mark', (xml: string) => Buffer.from(xml, 'utf16le')],
    ['UTF-16, big end first', (xml: string) => Buffer.from(`\uFEFF${xml}`, 'utf16le').swap16()],
    ['UTF-8 with a byte order mark', (xml: string) => strToU8(`\uFEFF${xml}`)],
    ['ISO-8859-1', (xml: string) => Buffer.from(xml.replace('UTF-8', 'ISO-8859-1'), 'latin1')],
  ])('in %s', async (_, encode) => {
    const xml = `<?xml version="1.0" encoding="UTF-8"?><worksheet><sheetData>${inlineRows([['Name'], ['Núñez']])}</sheetData></worksheet>`;
    expect((await table(sheet(encode(xml) as unknown as string))).fields).toEqual([['Name'], ['Núñez']]);
  });

  it('with names in other letters, and without styles or relations of its own', async () => {
    const file = workbook({ sheets: [{ name: 'S', xml: cells }], texts });
    const renamed = Buffer.from(
      file.toString('latin1').replaceAll('xl/sharedStrings.xml', 'XL/SharedStrings.XML'),
      'latin1',
    );
    expect((await table(renamed)).fields).toEqual(expected);
  });
});
