import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CsvRecord, readRecords } from './read-records.ts';

const PIECES = ['a', 'é', '€', ' ', '\u00a0', '\u3000', '\t', "'", '"', '""', ',', ';', '\n', '\r', '\r\n'];
/** Quotes are rare, as in most files, and again and again there are none for a while. */
const text = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...PIECES) },
      { weight: 4, arbitrary: fc.constantFrom('ana@shop.example', ',', '\n') },
      { weight: 1, arbitrary: fc.constantFrom('"López, Ana"', '\n"a ""b""\nc",', `${'x'.repeat(40)}\n`) },
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''));

test('Records are those that the parser alone would read, wherever the file is cut into blocks', async () => {
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.constantFrom(',', ';', '\t'),
      fc.array(fc.nat(70)),
      async (csv, delimiter, cuts) => {
        const alone = readAlone(csv, delimiter);
        fc.pre(alone !== undefined);
        const records: CsvRecord[] = [];
        for await (const some of readRecords(blocks(csv, cuts), delimiter, 1)) records.push(...some);
        expect(records.map(({ fields }) => fields)).toEqual(alone);
        expect(records.map(({ line }) => line)).toEqual(linesOf(alone!));
      },
    ),
    { numRuns: 1_000 },
  );
});

/** undefined where a quote is never closed: that is told, and has tests of its own. */
function readAlone(csv: string, delimiter: string): string[][] | undefined {
  try {
    return parse(csv, {
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      relax_quotes: true,
      ltrim: true,
    });
  } catch {
    return undefined;
  }
}

async function* blocks(csv: string, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let rest = Buffer.from(csv);
  for (const cut of cuts) {
    yield rest.subarray(0, cut);
    rest = rest.subarray(cut);
  }
  yield rest;
}

function linesOf(records: readonly string[][]): number[] {
  let line = 1;
  return records.map((fields) => {
    const at = line;
    line += 1 + fields.reduce((sum, field) => sum + (field.match(/\r\n|\n|\r/g)?.length ?? 0), 0);
    return at;
  });
}
