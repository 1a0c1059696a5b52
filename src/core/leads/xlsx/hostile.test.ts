import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { inlineRows, sheet, workbook } from '../../../../test/support/workbook.ts';
import type { TidingsError } from '../../../errors.ts';
import type { CsvRecord } from '../csv/read-records.ts';
import { openTable } from '../open-table.ts';

async function* bytes(file: Uint8Array): AsyncGenerator<Uint8Array> {
  yield file;
}

async function read(file: Uint8Array) {
  const { pieces } = await openTable(bytes(file));
  const records: CsvRecord[] = [];
  for await (const piece of pieces) records.push(...piece);
  return records;
}

async function refusal(file: Uint8Array): Promise<TidingsError> {
  const error = await read(file).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: 'TidingsError', code: 'invalid_file', fix: expect.any(String) });
  return error as TidingsError;
}

const people = inlineRows([
  ['Name', 'Email'],
  ['Ana', 'ana@x.com'],
]);
const SHEET = 'xl/worksheets/sheet1.xml';
const wrap = (rows: string) => `<worksheet><sheetData>${rows}</sheetData></worksheet>`;

/** The same archive with another size told for a part, as a bomb tells it. */
function telling(file: Buffer, name: string, size: number): Buffer {
  const lied = Buffer.from(file);
  for (let at = lied.indexOf(name); at >= 0; at = lied.indexOf(name, at + 1)) {
    if (lied.toString('latin1', at - 46, at - 44) === 'PK') lied.writeUInt32LE(size, at - 46 + 24);
    else if (lied.toString('latin1', at - 30, at - 28) === 'PK') lied.writeUInt32LE(size, at - 30 + 22);
  }
  return lied;
}

describe('a workbook that would take too much', () => {
  it('is refused by its own size, with the way out', async () => {
    let given = 0;
    const endless = async function* () {
      yield sheet(people);
      for (;;) {
        yield new Uint8Array(1024 * 1024);
        expect(++given).toBeLessThan(66);
      }
    };
    await expect(openTable(endless())).rejects.toMatchObject({
      message: 'The workbook is larger than the 64 MB that are read.',
      fix: 'Save the sheet as CSV (UTF-8) and import that: a CSV may be of any size.',
    });
  });

  it('is refused by the size that a part tells, before any of it is unpacked', async () => {
    const { message } = await refusal(telling(sheet(people), SHEET, 3 * 1024 ** 3));
    expect(message).toBe('The sheet “Sheet1” is larger than the 2 GB that are read.');
  });

  it('is refused when a part is larger than it tells: no more than that is unpacked', async () => {
    const file = sheet(wrap(people + ' '.repeat(50_000_000)));
    const before = process.memoryUsage.rss();
    expect((await refusal(telling(file, SHEET, 2_000))).message).toContain('cannot be unpacked');
    expect(process.memoryUsage.rss() - before).toBeLessThan(40_000_000);
  });

  it('is refused when what should be small is not', async () => {
    const parts = { 'xl/styles.xml': `<styleSheet>${' '.repeat(17 * 1024 * 1024)}</styleSheet>` };
    expect((await refusal(sheet(people, { parts }))).message).toContain('larger than the 16 MB');
  });

  it('is refused when it has more parts than any, more rows than any, or tags without an end', async () => {
    const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, at) => [`a/${at}`, '']));
    expect((await refusal(sheet(people, { parts: many }))).message).toContain('parts');
    expect((await refusal(sheet('<row/>'.repeat(1_048_577)))).message).toContain('more rows');
    for (const endless of ['<', '<c ', '<c r="', '<!-- ', '<?x ', '<![CDATA[', '</']) {
      const xml = `<worksheet><sheetData>${endless}${'x'.repeat(3_000_000)}`;
      expect((await refusal(sheet(xml))).message, endless).toContain('no end');
    }
    expect((await refusal(sheet(wrap('<a>'.repeat(100_000))))).message).toContain('nested');
  });

  it('is handed on in small pieces, however far apart its cells are', async () => {
    const row = '<row><c r="BXX1"><v>1</v></c></row>';
    let rows = 0;
    const { pieces } = await openTable(bytes(sheet(row.repeat(5_000))));
    for await (const piece of pieces) {
      rows += piece.length;
      expect(piece.length * 2_000).toBeLessThanOrEqual(20_000 + 2_000);
    }
    expect(rows).toBe(5_000);
  });

  it('keeps no cell longer than a lead may be, and no row longer than 1 MiB', async () => {
    const [long] = await read(sheet(inlineRows([['x'.repeat(3_000_000)]])));
    expect(long!.fields[0]).toHaveLength(100_001);
    const [wide] = await read(sheet(inlineRows([Array.from({ length: 20 }, () => 'x'.repeat(90_000))])));
    expect(wide!.problem).toContain('larger than 1 MiB');
  });
});

describe('a workbook that was made to hurt', () => {
  it('with a cell in the last column of all is read, and that row is told', async () => {
    const rows = await read(sheet(`${people}<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>`));
    expect(rows.at(-1)).toEqual({
      line: 1_048_576,
      fields: [],
      problem: 'there is a cell in column 16384, and at most 2000 are read',
    });
    expect((await read(sheet('<row><c r="ZZZZZZZZ1"><v>1</v></c></row>')))[0]!.problem).toContain(
      'at most 2000',
    );
  });

  it('with entities is refused, and none is opened', async () => {
    const laughs = `<!DOCTYPE w [<!ENTITY a "${'ha'.repeat(100)}"><!ENTITY b "&a;&a;">]>${wrap(people)}`;
    expect((await refusal(sheet(laughs))).message).toContain('declares a document type');
    const xxe = `<?xml version="1.0"?><!DOCTYPE w SYSTEM "file:///etc/passwd">${wrap(people)}`;
    expect((await refusal(sheet(xxe))).message).toContain('declares a document type');
    const [row] = await read(sheet('<row><c t="inlineStr"><is><t>&xxe; &lt;</t></is></c></row>'));
    expect(row!.fields).toEqual(['&xxe; <']);
  });

  it('with parts that lie outside of it, or twice in it, is refused', async () => {
    const outside = sheet(people, { parts: { 'xx/../../etc/passwd': 'x' } });
    expect((await refusal(outside)).message).toContain('outside of itself');
    const twice = Buffer.from(
      sheet(people, { parts: { 'xl/workbooK.xml': '<workbook/>' } })
        .toString('latin1')
        .replaceAll('workbooK', 'workbook'),
      'latin1',
    );
    expect((await refusal(twice)).message).toContain('there twice');
  });

  it('whose relations lead elsewhere is read as far as it is there: nothing is fetched', async () => {
    const type = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
    const parts = {
      'xl/_rels/workbook.xml.rels': `<Relationships><Relationship Id="rId1" Type="${type}/worksheet" Target="https://x.example/sheet.xml" TargetMode="External"/></Relationships>`,
    };
    expect((await refusal(sheet(people, { parts }))).message).toBe('The workbook has no sheet with cells.');
    const away = {
      'xl/_rels/workbook.xml.rels': parts['xl/_rels/workbook.xml.rels'].replace(' TargetMode="External"', ''),
    };
    expect((await refusal(sheet(people, { parts: away }))).message).toContain('is missing in it');
  });

  it('without the texts that its cells name tells the rows', async () => {
    const cells =
      '<row><c t="s"><v>0</v></c></row><row><c t="s"><v>7</v></c></row><row><c t="s"><v>-1</v></c></row>';
    expect((await read(sheet(cells)))[0]!.problem).toContain('text of a cell is missing');
    const rows = await read(sheet(cells, { texts: '<si><t>Email</t></si>' }));
    expect(rows.map(({ problem }) => problem === undefined)).toEqual([true, false, false]);
  });

  it('cut anywhere is refused, and so is one whose XML ends in the middle', async () => {
    const file = sheet(people);
    for (let length = 8; length < file.length; length += 97) {
      await refusal(file.subarray(0, length));
    }
    expect((await refusal(sheet(`<worksheet><sheetData>${people}`))).message).toContain('ends in the middle');
  });

  it('with any byte changed is read or refused, and nothing else', async () => {
    const file = sheet(people, { texts: '<si><t>x</t></si>', formats: ['0%'] });
    for (let at = 4; at < file.length; at += 3) {
      const changed = Buffer.from(file);
      changed[at] = changed[at]! ^ 0x55;
      await read(changed).catch((error: unknown) => expect(error).toMatchObject({ code: 'invalid_file' }));
    }
  });

  it('with a name of a sheet or column that is a property of all objects is read', async () => {
    const rows = await read(
      workbook({
        sheets: [{ name: '__proto__', xml: '<row __proto__="1" constructor="2"><c><v>1</v></c></row>' }],
      }),
    );
    expect(rows).toEqual([{ line: 1, fields: ['1'] }]);
  });
});

describe('a file of another kind is told by what is in it', () => {
  const zip = (names: readonly string[]) =>
    Buffer.from(zipSync(Object.fromEntries(names.map((name) => [name, strToU8('x')]))));
  const compound = (stream: string) => {
    const file = Buffer.alloc(1024 + 512);
    file.write('d0cf11e0a1b11ae1', 'hex');
    file.write(stream, 1024 + 128, 'utf16le');
    file.writeUInt16LE(2 * stream.length + 2, 1024 + 128 + 64);
    return file;
  };

  it.each([
    ['a locked workbook', compound('EncryptedPackage'), 'locked with a password', /without one/],
    ['an old workbook', compound('Workbook'), 'an old Excel workbook', /CSV/],
    ['a very old workbook', Buffer.from('0904060000001000', 'hex'), 'an old Excel workbook', /CSV/],
    ['an old Word document', compound('WordDocument'), 'an old Word document', /CSV/],
    ['another old document', compound('Contents'), 'old Office program', /CSV/],
    ['a binary workbook', zip(['xl/workbook.bin']), 'XLSB', /XLSX or CSV/],
    ['a Word document', zip(['word/document.xml', '[Content_Types].xml']), 'a Word document', /XLSX or CSV/],
    [
      'Numbers',
      zip(['Index/Document.iwa', 'Index/Tables/DataList.iwa']),
      'a Numbers document',
      /XLSX or CSV/,
    ],
    ['LibreOffice', zip(['mimetype', 'content.xml', 'META-INF/manifest.xml']), 'OpenDocument', /XLSX or CSV/],
    ['an archive', zip(['data/people.csv']), 'with "data/people.csv" in it', /Unpack/],
    ['an archive of nothing we know', zip(['a.bin']), 'a zip archive, not', /Unpack/],
    ['an empty archive', Buffer.from(zipSync({})), 'an empty zip archive', /CSV/],
    ['a PDF', Buffer.from('%PDF-1.7\n'), 'a PDF', /XLSX/],
    ['a picture', Buffer.from('89504e470d0a1a0a0000', 'hex'), 'a picture (PNG)', /XLSX/],
    ['JSON', Buffer.from('[{"email": "a@x.com"}]'), 'JSON', /leads/],
    ['JSON, by lines', Buffer.from('\uFEFF{"email": "a@x.com"}\n{}'), 'JSON', /leads/],
    [
      'a web page called XLS',
      Buffer.from('\n<html xmlns:x="urn:schemas-microsoft-com:office:excel"><table>'),
      'a web page',
      /CSV/,
    ],
    ['a table of HTML', Buffer.from('<table border="1"><tr><td>email'), 'a web page', /CSV/],
    [
      'XML of Excel 2003',
      Buffer.from('<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook>'),
      'Excel 2003',
      /CSV/,
    ],
    ['other XML', Buffer.from('<?xml version="1.0"?><people/>'), 'XML', /CSV/],
    ['gzip', Buffer.from('1f8b080000000000', 'hex'), 'gzip', /Unpack/],
    [
      'a workbook that was taken for text',
      Buffer.from(sheet(people).toString('utf8')),
      'as if it were text',
      /itself/,
    ],
  ])('%s', async (_, file, words, wayOut) => {
    const error = await refusal(file);
    expect(error.message).toContain(words);
    expect(error.fix).toMatch(wayOut);
  });

  it.each(['<Name>,Email\n', '[Name],Email\n', '{Name},Email\n', 'PK,Email\n', '\tEmail\n', '"[""a""]",x\n'])(
    'and a CSV that begins with %j is none of them',
    async (head) => {
      await expect(read(Buffer.from(`${head}x,a@x.com\n`))).resolves.toHaveLength(2);
    },
  );
});
