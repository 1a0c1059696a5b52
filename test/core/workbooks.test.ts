import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import writeWorkbook from 'write-excel-file/node';
import { readLeadsCsv } from '../../src/core/leads/csv/read-leads-csv.ts';
import { openTable } from '../../src/core/leads/open-table.ts';
import { expectedFiles } from '../support/lead-cases.ts';
import fc from '../support/property.ts';
import { sheet } from '../support/workbook.ts';

async function* bytes(file: Uint8Array | string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(file as string);
}

/** By a program that is not ours. */
async function toWorkbook(rows: readonly (readonly string[])[]): Promise<Buffer> {
  const width = Math.max(1, ...rows.map((row) => row.length));
  const cells = rows.map((row) =>
    Array.from({ length: width }, (_, at) => (row[at] ? { value: row[at], type: String } : null)),
  );
  return (await writeWorkbook(cells)).toBuffer();
}

const toLine = (row: readonly string[]) =>
  `${row.map((text) => `"${text.replaceAll('"', '""')}"`).join(',')}\n`;

/** What becomes of a file, without where its rows stand. */
async function leads(input: AsyncIterable<Uint8Array>, country = 'MX') {
  const rows: unknown[] = [];
  let columns: unknown;
  for await (const batch of readLeadsCsv(input, { country })) {
    columns ??= batch.columns;
    for (const { input: lead, read } of batch.rows) rows.push([lead, read.email, read.phone, read.consents]);
    for (const { reason } of batch.rejects) rows.push(reason);
  }
  return { columns, rows };
}

describe('a table is read alike as CSV and as workbook', () => {
  it.each(Object.keys(expectedFiles).filter((file) => !file.endsWith('.vcf')))('%s', async (file) => {
    const path = join(import.meta.dirname, '../cases/leads', file);
    const { country } = expectedFiles[file]!;
    const rows: string[][] = [];
    const { pieces } = await openTable(createReadStream(path));
    for await (const piece of pieces) for (const { fields } of piece) rows.push(fields);
    expect(await leads(bytes(await toWorkbook(rows)), country)).toEqual(
      await leads(createReadStream(path), country),
    );
  });

  const cell = fc.oneof(
    fc.constantFrom(
      '',
      'ana@example.com',
      '+52 55 1234 5678',
      '5215512345678',
      'yes',
      'No',
      '007',
      '2024-03-05',
    ),
    fc
      .string({ maxLength: 12, unit: 'grapheme' })
      .map((text) => text.replaceAll(/[\p{Cc}\p{Cs}\uFFFD-\uFFFF]/gu, ''))
      // The writer loses these, and what objects have of themselves.
      .filter((text) => !(text in {})),
  );
  const tableOf = fc.array(fc.tuple(cell, cell, cell, cell), { minLength: 1, maxLength: 12 });

  it('whatever stands in it', async () => {
    await fc.assert(
      fc.asyncProperty(tableOf, async (rows) => {
        // Behind a blank row a cell alone is below the table; a CSV has as many fields there as anywhere.
        const all = [
          ['Name', 'Email', 'Phone', 'Subscribed'],
          ...rows.filter((row) => row.some((text) => text.trim() !== '')),
        ];
        expect(await leads(bytes(await toWorkbook(all)))).toEqual(
          await leads(bytes(all.map(toLine).join(''))),
        );
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

function liveHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

describe('a large workbook', () => {
  const ROWS = 40_000;
  const text = (at: number) => `<si><t>${'x'.repeat(60)} ${at}</t></si>`;
  const row = (at: number) =>
    `<row r="${at + 2}"><c t="inlineStr"><is><t>a${at}@x.com</t></is></c><c t="s"><v>${at + 1}</v></c><c><v>${5215512000000 + at}</v></c></row>`;
  const head =
    '<row r="1"><c t="inlineStr"><is><t>Email</t></is></c><c t="s"><v>0</v></c><c t="inlineStr"><is><t>Phone</t></is></c></row>';
  const parts = Array.from({ length: ROWS }, (_, at) => at);
  const file = sheet(head + parts.map(row).join(''), {
    texts: `<si><t>Notes</t></si>${parts.map(text).join('')}`,
  });

  it('is read a thousand rows at a time, its texts beside the heap', async () => {
    let [rows, most] = [0, 0];
    const before = liveHeapBytes();
    for await (const batch of readLeadsCsv(bytes(file), { country: 'MX' })) {
      expect(batch.rows.length).toBeLessThanOrEqual(1_000);
      rows += batch.rows.length;
      if (rows % 10_000 === 0) most = Math.max(most, liveHeapBytes() - before);
    }
    expect(rows).toBe(ROWS);
    // Its rows and texts together are some 40 MB there.
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(10 * 1024 * 1024);
  });

  it('lets others have their turns all the while', async () => {
    let [turns, isOver] = [0, false];
    const turn = () => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    let told = 0;
    for await (const { bytesRead } of readLeadsCsv(bytes(file), { country: 'MX' })) told = bytesRead;
    isOver = true;
    // One for each piece of 16 KB, of some 8 MB.
    expect(turns).toBeGreaterThan(300);
    expect(told).toBe(file.length);
  });
});
