import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { TidingsError } from '../../../errors.ts';
import { type CsvBatch, readLeadsCsv } from './read-leads-csv.ts';

async function* chunks(file: string | Uint8Array, size = 100_000): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(file as string);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(file: string | Uint8Array, size?: number) {
  const batches: CsvBatch[] = [];
  for await (const batch of readLeadsCsv(chunks(file, size))) batches.push(batch);
  return {
    batches,
    columns: batches[0]!.columns,
    rows: batches.flatMap((batch) => batch.rows),
    inputs: batches.flatMap((batch) => batch.rows.map((row) => row.input)),
    rejects: batches.flatMap((batch) => batch.rejects),
  };
}

async function failure(file: string | Uint8Array): Promise<TidingsError> {
  const error = await read(file).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TidingsError);
  expect((error as TidingsError).code).toBe('invalid_file');
  return error as TidingsError;
}

/** Bytes ≤ 0xFF as they are, the way Excel for Windows saves a CSV. */
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le');
const muñoz = { name: 'Muñoz', email: 'm@example.com' };

describe('a CSV of leads', () => {
  it('gives a lead for each row, silent where the row is blank', async () => {
    const { inputs, columns } = await read(
      'First Name,Last Name,E-mail,Teléfono,Empresa,City\n Ann , Lee ,a@x.com,,Acme,\nBob,,b@x.com,555,,Lima\n',
    );
    expect(inputs).toEqual([
      { name: 'Ann Lee', first_name: 'Ann', last_name: 'Lee', email: 'a@x.com', company: 'Acme' },
      { name: 'Bob', first_name: 'Bob', email: 'b@x.com', phone: '555', metadata: { City: 'Lima' } },
    ]);
    expect(columns).toEqual({
      'First Name': 'first_name',
      'Last Name': 'last_name',
      'E-mail': 'email',
      Teléfono: 'phone',
      Empresa: 'company',
      City: 'metadata.City',
    });
  });

  it('keeps a status it does not know, such as a state of Mexico, in metadata', async () => {
    const { inputs } = await read('correo,estado\na@x.com,Contactado\nb@x.com,Jalisco\n');
    expect(inputs).toEqual([
      { email: 'a@x.com', status: 'contacted' },
      { email: 'b@x.com', metadata: { estado: 'Jalisco' } },
    ]);
  });

  it('of a header alone is one batch without rows', async () => {
    const { batches } = await read('name,email');
    expect(batches).toEqual([
      {
        labels: ['name', 'email'],
        notices: [],
        columns: { name: 'name', email: 'email' },
        doubts: [],
        canReach: true,
        header: ['name', 'email'],
        rows: [],
        rejects: [],
        bytesRead: 10,
      },
    ]);
  });

  it.each([
    ['commas', 'name,email\nMuñoz,m@example.com\n'],
    ['semicolons and a byte order mark, as Excel writes it', '\uFEFFname;email\r\nMuñoz;m@example.com\r\n'],
    ['tabs', 'name\temail\nMuñoz\tm@example.com'],
    ['bars', 'name|email\nMuñoz|m@example.com'],
    ['a line for Excel above the header', 'sep=;\r\nname;email\r\nMuñoz;m@example.com\r\n'],
    ['only CR', 'name,email\rMuñoz,m@example.com\r'],
    ['blank lines around', '\n\nname,email\n\n,\nMuñoz,m@example.com\n\n\n'],
    ['quotes and spaces', '"name", "email"\n"Muñoz", "m@example.com"\n'],
    ['UTF-16 little endian', utf16('name,email\r\nMuñoz,m@example.com')],
    ['UTF-16 big endian', utf16('name,email\r\nMuñoz,m@example.com').swap16()],
    ['Latin-1', latin1('name,email\nMuñoz,m@example.com')],
  ])('is read with %s, in chunks of any size', async (_, file) => {
    for (const size of [1, 3, 100_000]) {
      expect((await read(file, size)).inputs).toEqual([muñoz]);
    }
  });

  it('is cut by the delimiter of the header, not by what stands more often in the rows', async () => {
    const { inputs } = await read('name;notes\nAnn;a, b, c, d\nBob;"e;f, g, h"\n');
    expect(inputs).toEqual([
      { name: 'Ann', notes: 'a, b, c, d' },
      { name: 'Bob', notes: 'e;f, g, h' },
    ]);
  });

  it('may have line breaks in quotes, and lines are counted as an editor counts them', async () => {
    const { rows } = await read('name,notes\r\nAnn,"one\r\ntwo\nthree ""x"""\r\n\r\nBob,\r\n');
    expect(rows.map((row) => [row.line, row.input.notes])).toEqual([
      [2, 'one\r\ntwo\nthree "x"'],
      [6, undefined],
    ]);
  });

  it('in Latin-1 is recognised also when its first ñ comes late', async () => {
    const plain = 'Ann,a@example.com\n'.repeat(10_000);
    const { inputs } = await read(latin1(`name,email\n${plain}Muñoz,m@example.com\n`));
    expect(inputs.at(-1)).toEqual(muñoz);
  });

  it('in UTF-8 keeps its letters wherever the blocks are cut', async () => {
    for (const shift of ['', 'x', 'xx', 'xxx']) {
      const { inputs, rejects } = await read(`name,notes\n${shift}${'😀ñ,€\n'.repeat(30_000)}`);
      expect(rejects).toEqual([]);
      expect(new Set(inputs.slice(1).map((input) => `${input.name}${input.notes}`))).toEqual(
        new Set(['😀ñ€']),
      );
    }
  });

  it('in UTF-8 with rows of another encoding rejects those', async () => {
    const file = Buffer.concat([
      Buffer.from(`name,email\n${'Muñoz,m@example.com\n'.repeat(10_000)}`),
      latin1('Peña,p@example.com\n'),
      Buffer.from('Muñoz,m@example.com\n'),
    ]);
    const { rows, rejects } = await read(file);
    expect(rows).toHaveLength(10_001);
    expect(rejects).toMatchObject([{ line: 10_002, reason: expect.stringContaining('encoding') }]);
  });

  it('keeps a replacement character that someone typed', async () => {
    expect((await read('name\nJos\uFFFD\n')).inputs).toEqual([{ name: 'Jos\uFFFD' }]);
  });

  it('rejects rows with more or fewer fields than the header, and minds no blanks at the end', async () => {
    const { inputs, rejects } = await read(
      'name,email\nAnn\nBob,b@x.com,extra\nCid,c@x.com,,\nDee,d@x.com\n',
    );
    expect(inputs.map((input) => input.name)).toEqual(['Cid', 'Dee']);
    expect(rejects).toEqual([
      { line: 2, reason: 'the row has 1 field and the header has 2', record: ['Ann'] },
      { line: 3, reason: 'the row has 3 fields and the header has 2', record: ['Bob', 'b@x.com', 'extra'] },
    ]);
  });

  it('rejects a value that is longer than a lead can hold', async () => {
    const { rejects } = await read(`name\n${'x'.repeat(301)}\n`);
    expect(rejects).toMatchObject([{ line: 2, reason: 'the name has 301 characters; at most 300 are kept' }]);
  });

  it('rejects a row with NUL characters far down', async () => {
    const { rows, rejects } = await read(`name\n${'Ann\n'.repeat(30_000)}B\0b\nCid\n`);
    expect(rows).toHaveLength(30_001);
    expect(rejects).toMatchObject([{ line: 30_002, reason: expect.stringContaining('NUL') }]);
  });
});

describe('a CSV with a quote that is never closed', () => {
  it('keeps the rows before it and tells where it was opened', async () => {
    const { rows, rejects } = await read('name,email\nAnn,a@x.com\n"Bob,b@x.com\nCid,c@x.com\n');
    expect(rows.map((row) => row.input.name)).toEqual(['Ann']);
    expect(rejects).toMatchObject([
      { line: 3, reason: expect.stringContaining('lines 3 to 4, the end of the file') },
    ]);
    expect(rejects[0]!.record[0]).toMatch(/^"Bob,b@x\.com/);
  });

  it('keeps the row before it when the quote is its very last character', async () => {
    const { rows, rejects } = await read('name,email\nAnn,a@x.com\n"');
    expect(rows).toHaveLength(1);
    expect(rejects).toMatchObject([{ line: 3, reason: expect.stringContaining('never closed') }]);
  });

  it('does the same when the rest is large', async () => {
    const { rows, rejects } = await read(
      `name,email\nAnn,a@x.com\n"Bob,b@x.com\n${'Cid,c@x.com\n'.repeat(200_000)}`,
    );
    expect(rows).toHaveLength(1);
    expect(rejects).toMatchObject([{ line: 3, reason: expect.stringContaining('lines 3 to 200003') }]);
  });

  it('in its header cannot be read', async () => {
    expect((await failure('name,"email\nAnn,a@x.com\n')).message).toContain('line 1');
  });

  it('reads a quote within a value as it stands', async () => {
    const { inputs } = await read('name,notes\nAnn "The Boss" Lee,6" tall\n"Bob" Roe,"x"\n');
    expect(inputs).toEqual([
      { name: 'Ann "The Boss" Lee', notes: '6" tall' },
      { name: '"Bob" Roe', notes: 'x' },
    ]);
  });
});

describe('a CSV with a field of 10 MB', () => {
  const big = 'x'.repeat(10 * 1024 * 1024);
  it.each([
    ['unquoted', big, 1],
    ['quoted, with quotes and lines in it', `"${`${'y,'.repeat(500)}""\r\n`.repeat(10_000)}"`, 10_001],
  ])('%s, passes over that row and keeps all others', async (_, field, lines) => {
    const { rows, rejects } = await read(`name,notes\r\nAnn,a\r\nBob,${field}\r\nCid,c\r\nDee,d`);
    expect(rows.map((row) => [row.line, row.input.name])).toEqual([
      [2, 'Ann'],
      [3 + lines, 'Cid'],
      [4 + lines, 'Dee'],
    ]);
    expect(rejects).toMatchObject([
      { line: 3, reason: expect.stringContaining(`went on at line ${3 + lines}`) },
    ]);
    expect(rejects[0]!.record[0]!.length).toBeLessThan(300);
  });

  it('at its end, tells so', async () => {
    const { rows, rejects } = await read(`name,notes\nAnn,a\nBob,${big}`);
    expect(rows).toHaveLength(1);
    expect(rejects).toMatchObject([{ line: 3, reason: expect.stringContaining('larger than 1 MiB') }]);
  });

  it('twice, tells both', async () => {
    const { rows, rejects } = await read(`name,notes\nBob,${big}\nAnn,a\nBob,${big}\nAnn,a\n`);
    expect(rows.map((row) => row.line)).toEqual([3, 5]);
    expect(rejects.map((reject) => reject.line)).toEqual([2, 4]);
  });
});

describe('a table whose header is not on its first line, or nowhere', () => {
  it('is read from the header on', async () => {
    const { inputs } = await read('My contacts,,\n\nName,Email,City\nAnn,a@example.com,Lima\n');
    expect(inputs).toEqual([{ name: 'Ann', email: 'a@example.com', metadata: { City: 'Lima' } }]);
  });

  it('is read by its values, from the first line on', async () => {
    const { inputs } = await read('ann@example.com,Ann\nbob@example.com,Bob\n');
    expect(inputs.map(({ email }) => email)).toEqual(['ann@example.com', 'bob@example.com']);
  });
});

describe('a file that is no CSV of leads', () => {
  it.each([
    ['empty', '', 'empty'],
    ['blank', '\r\n \r\n', 'empty'],
    ['only a byte order mark', '\uFEFF', 'empty'],
    ['a piece of a workbook', Buffer.from('PK\u0003\u0004xl/workbook'), 'not whole'],
    ['binary', Buffer.from([0x89, 0x50, 0, 1, 2, 3]), 'NUL'],
    ['without a usable column', 'city,age\nLima,3\n', '"city", "age"'],
  ])('%s, is refused with a way out', async (_, file, words) => {
    const error = await failure(file);
    expect(error.message).toContain(words);
    expect(error.fix).toMatch(/CSV/);
  });
});

/** The heap in use after a full collection, so that the figure is what is held and not what awaits collection. */

describe('a file with very many columns', () => {
  const columns = (count: number) =>
    ['email', ...Array.from({ length: count - 1 }, (_, at) => `c${at}`)].join(',');

  it('is read up to 2,000 of them, and refused with their number beyond', async () => {
    const row = `a@x.com${','.repeat(1_999)}`;
    expect((await read(`${columns(2_000)}\n${row}\n`)).inputs).toEqual([{ email: 'a@x.com' }]);
    const error = await failure(`${columns(2_001)}\n`);
    expect(error.message).toContain('names 2001 columns; at most 2000 are read');
  });

  it('counts those that have a name: a spreadsheet leaves blank ones behind the last', async () => {
    const { inputs } = await read(`email${','.repeat(16_383)}\na@x.com${','.repeat(16_383)}\n`);
    expect(inputs).toEqual([{ email: 'a@x.com' }]);
  });
});

it('rows of a page of text come in small batches: each batch is a transaction', async () => {
  const { batches, rows } = await read(`email,text\n${`a@x.com,${'x'.repeat(50_000)}\n`.repeat(100)}`);
  expect(rows).toHaveLength(100);
  expect(Math.max(...batches.map((batch) => batch.rows.length))).toBeLessThan(30);
});

function liveHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

describe('a large CSV', () => {
  it('of 200,000 rows is read in flat memory, a thousand rows at a time', async () => {
    async function* generate() {
      yield Buffer.from('name,email,phone,company,position,notes,status,city\n');
      for (let row = 0; row < 200_000; row += 500) {
        const lines = Array.from(
          { length: 500 },
          (_, at) =>
            `Ana Núñez ${row + at},a${row + at}@x.com,+52 55 1234 5678,"Acme, SA",CEO,hola,nuevo,Lima\n`,
        );
        yield Buffer.from(lines.join(''));
      }
    }
    let rows = 0;
    let mostLive = 0;
    let last: CsvBatch | undefined;
    const before = liveHeapBytes();
    for await (const batch of readLeadsCsv(generate())) {
      expect(batch.rows.length).toBeLessThanOrEqual(1000);
      rows += batch.rows.length;
      if (rows % 20_000 === 0) mostLive = Math.max(mostLive, liveHeapBytes() - before);
      last = batch;
    }
    expect(rows).toBe(200_000);
    expect(last!.rows.at(-1)!.line).toBe(200_001);
    // All rows together would be some 200 MB.
    expect(mostLive).toBeGreaterThan(0);
    expect(mostLive).toBeLessThan(20 * 1024 * 1024);
  });
});
