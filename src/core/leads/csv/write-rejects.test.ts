import { expect, it } from 'vitest';
import { readLeadsCsv } from './read-leads-csv.ts';
import { rejectsCsvHeader, rejectsCsvLine } from './write-rejects.ts';

const line = (...record: string[]) => rejectsCsvLine({ line: 7, reason: 'why', record });

it('a rejects file names the line and reason before the columns of the original', () => {
  expect(rejectsCsvHeader(['name', 'a;b, c'])).toBe('rejected_line,rejected_reason,name,"a;b, c"\r\n');
  expect(line('Ann', 'say "hi"\nthere')).toBe('7,why,Ann,"say ""hi""\nthere"\r\n');
});

it.each([
  ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['+1+cmd|calc', "'+1+cmd|calc"],
  ['-2+3+cmd', "'-2+3+cmd"],
  ['\t=1', "'\t=1"],
  ['  =1', "'  =1"],
  ['+52 (55) 1234-5678', '+52 (55) 1234-5678'],
  ['-3.5', '-3.5'],
  ['ann@example.com', 'ann@example.com'],
])('a spreadsheet cannot run %j from a rejects file', (value, written) => {
  expect(line(value)).toBe(`7,why,${written}\r\n`);
});

it('a rejects file that was mended is imported as it is', async () => {
  const file = Buffer.from(rejectsCsvHeader(['name', 'email']) + line('Ann', 'ann@example.com'));
  const batch = (await readLeadsCsv(chunk(file)).next()).value;
  expect(batch!.rows[0]!.input).toEqual({ name: 'Ann', email: 'ann@example.com' });
});

async function* chunk(file: Buffer) {
  yield file;
}
