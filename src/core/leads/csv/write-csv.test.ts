import { describe, expect, it } from 'vitest';
import fc from '../../../../test/support/property.ts';
import { readLeadsCsv } from './read-leads-csv.ts';
import { csvLine } from './write-csv.ts';

const line = (cell: string) => csvLine([cell]).slice(0, -2);

describe('a file for spreadsheets', () => {
  it('quotes every cell', () => {
    expect(csvLine(['name', '', '7', 'a;b, c'])).toBe('"name","","7","a;b, c"\r\n');
    expect(line('say "hi"\nthere')).toBe('"say ""hi""\nthere"');
  });

  it.each([
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['+1+cmd|calc', `"'+1+cmd|calc"`],
    ['-2+3+cmd', `"'-2+3+cmd"`],
    ['\t=1', `"'\t=1"`],
    ['\r=1', `"'\r'=1"`],
    ['\rcalm', `"'\rcalm"`],
    ['  =1', `"'  =1"`],
    ['\u00a0=1', `"'\u00a0=1"`],
    ['＝1', `"'＝1"`],
    ['＋1', `"'＋1"`],
    ['－1', `"'－1"`],
    ['＠SUM(A1)', `"'＠SUM(A1)"`],
    ['x\n=1+1', `"x\n'=1+1"`],
    ['x\r\n@SUM(A1)\r\n\r\nend', `"x\r\n'@SUM(A1)\r\n\r\nend"`],
    ['x\r=1', `"x\r'=1"`],
    ["'=1", `"''=1"`],
    ['+52 (55) 1234-5678', '"+52 (55) 1234-5678"'],
    ['-3.5', '"-3.5"'],
    ['ann@example.com', '"ann@example.com"'],
    ["'tis", `"'tis"`],
  ])('gives a spreadsheet nothing to run of %j', (cell, written) => {
    expect(line(cell)).toBe(written);
  });

  it('is read back as what was written, whatever the cells', async () => {
    // Any character but NUL, which makes a file binary.
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((one) => one !== '\0');
    const odd = fc.constantFrom(...'=+-@\t\r\n\'",;| \ufeff＝＋－＠1a');
    const cell = fc.oneof(fc.string({ unit: odd }), fc.string({ unit: text }));
    // A row of blanks says nothing, and is passed over.
    const row = fc.tuple(
      fc.string({ unit: odd, minLength: 1 }).map((text) => `x${text}`),
      cell,
      cell,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), cell, async (rows, column) => {
        const header = ['name', `x${column}`, 'email'];
        expect(await readAll([header, ...rows])).toEqual({ header, rows });
      }),
      { numRuns: 500 },
    );
  });
});

describe('the importer', () => {
  it('takes off the apostrophe that stands before a formula, and no other', async () => {
    const file = `name,notes\n'=A1+1,'tis\n`;
    for await (const batch of readLeadsCsv(bytes(file))) {
      expect(batch.rows[0]!.input).toEqual({ name: '=A1+1', notes: "'tis" });
    }
  });

  it('reads a rejects file that was mended as the file it came from', async () => {
    const file = csvLine(['rejected_line', 'rejected_reason', 'name', 'email']);
    for await (const batch of readLeadsCsv(bytes(`${file}${csvLine(['7', 'why', 'Ann', 'a@b.example'])}`))) {
      expect(batch.rows[0]!.input).toEqual({ name: 'Ann', email: 'a@b.example' });
    }
  });
});

/** By the importer's own reader, with records as in the file, also of rows that it cannot keep. */
async function readAll(table: readonly (readonly string[])[]) {
  const found: { line: number; record: string[] }[] = [];
  let header: string[] = [];
  for await (const batch of readLeadsCsv(bytes(table.map(csvLine).join('')))) {
    header = batch.header;
    found.push(...batch.rows, ...batch.rejects);
  }
  found.sort((one, other) => one.line - other.line);
  return { header, rows: found.map(({ record }) => record) };
}

async function* bytes(text: string) {
  yield Buffer.from(text);
}
