import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { fakeHost, ID } from '../../test/support/fake-host.ts';
import { normalizePhone } from '../core/leads/contact.ts';
import { calledAs } from './called-as.ts';
import { showSummary, varied, withCurl, yourOwn } from './demo.ts';
import { DEMO_HEADER, demoCsv, demoLead, fictionalPhone } from './demo-leads.ts';
import { slowSandbox, slowSendTakes } from './demo-slow-send.ts';
import { readEvents } from './mcp-call.ts';
import { Output } from './output.ts';
import { showMessage } from './suppressions.ts';
import { fields, table, width } from './table.ts';

test('the sample people are the same in every run, and each can be told from all others', () => {
  expect(demoLead(42)).toEqual(demoLead(42));
  const people = Array.from({ length: 5_000 }, (_, at) => demoLead(at + 1));
  const contacts = people.flatMap(([, email, phone]) => [email, phone]).filter((contact) => contact !== '');
  expect(new Set(contacts).size).toBe(contacts.length);
  expect(people.filter(([, email, phone]) => email === '' && phone === '')).toEqual([]);
  expect(people.filter(([, email]) => email !== '' && !email!.endsWith('@example.com'))).toEqual([]);
});

test('a realistic share of the sample people lacks a phone or an email', () => {
  const people = Array.from({ length: 10_000 }, (_, at) => demoLead(at + 1));
  const lacking = (column: number) => people.filter((person) => person[column] === '').length / people.length;
  expect(lacking(1)).toBeGreaterThan(0.05);
  expect(lacking(1)).toBeLessThan(0.15);
  expect(lacking(2)).toBeGreaterThan(0.08);
  expect(lacking(2)).toBeLessThan(0.2);
});

test('a million sample phone numbers are distinct, and of the exchange where no households are', () => {
  const seen = new Set<string>();
  for (let n = 1; n <= 1_000_000; n++) seen.add(fictionalPhone(n));
  expect(seen.size).toBe(1_000_000);
  for (const n of [1, 39_999, 40_000, 500_001, 1_000_000]) {
    const phone = fictionalPhone(n);
    expect(phone).toMatch(/^\+1[2-6]\d\d555(?!12)\d{4}$/);
    expect(normalizePhone(phone, null)).toEqual({ ok: true, value: phone });
  }
  expect(fictionalPhone(39_999)).toMatch(/55501\d\d$/);
});

test('the sample CSV is read back as it was meant, quotes and commas too', async () => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of demoCsv(1_234)) chunks.push(chunk);
  const [header, ...rows] = parse(Buffer.concat(chunks)) as string[][];
  expect(header!.join()).toBe(DEMO_HEADER);
  expect(rows).toHaveLength(1_234);
  expect(rows).toEqual(rows.map((_, at) => demoLead(at + 1)));
});

test('server-sent events are read whole, wherever the chunks end', async () => {
  const text = ': open\n\nevent: message\ndata: {"a":"é🎁"}\n\ndata:\n\ndata: {"b":\r\ndata: 2}\r\n\r\n';
  async function* byteByByte() {
    for (const byte of Buffer.from(text)) yield Uint8Array.of(byte);
  }
  const events: unknown[] = [];
  for await (const event of readEvents(byteByByte())) events.push(event);
  expect(events).toEqual([{ a: 'é🎁' }, { b: 2 }]);
});

test('the example messages show Latin and other letters when there are both', () => {
  const texts = ['Hi प्रिया! x', 'Hi 美咲! x', 'Hi Grace! x', 'Hi Zoë! x'];
  const entries = texts.map((text) => ({ text }));
  expect(varied(entries, 2).map(({ text }) => text)).toEqual(['Hi Grace! x', 'Hi प्रिया! x']);
  expect(varied(entries.slice(0, 2), 2)).toHaveLength(2);
  expect(varied([], 2)).toEqual([]);
});

test('tables put amounts to the right and texts to the left, and count wide letters twice', () => {
  expect(
    table(
      ['name', 'leads'],
      [
        ['東京', 1_234],
        ['Ana', 5],
      ],
    ),
  ).toBe('name  leads\n東京  1,234\nAna       5');
  expect(fields({ name: 'Ana', leads: 5 })).toBe('name   Ana\nleads  5');
});

test('a table is cut to a terminal, but an id stays whole', () => {
  const id = '0199a1c2-1111-7000-8000-000000000001';
  const [, row] = table(['id', 'notes'], [[id, 'a long text that does not fit']], 58).split('\n');
  expect(row).toBe(`${id}  a long text that do…`);
});

test('what a lead wrote cannot move the cursor or break a row', () => {
  expect(table(['name'], [['a\u001b[2Jb\nc']])).toBe('name\na␛[2Jb c');
});

test.each([
  [1_000_000, 4, '5 min'],
  [1_000, 4, '4 min'],
  [300, 1, '5 min'],
  [5, 1, '5 s'],
])('the send that is there to be watched takes minutes at most: of %i people', (people, pace, takes) => {
  const { ratePerSecond } = slowSandbox(people);
  expect(ratePerSecond).toBe(pace);
  expect(slowSendTakes(people * 0.9, ratePerSecond)).toBe(takes);
});

test('names at its end commands and files that are there, as its reader calls them', async () => {
  const inClone = yourOwn(calledAs({}));
  expect(inClone[0]).toContain(' npm run tidings -- leads import examples/people.csv');
  expect(existsSync('examples/people.csv')).toBe(true);
  expect(yourOwn(calledAs({ npm_command: 'exec' }, false))).toEqual([
    '  Your leads    npx tidings leads import FILE.csv',
    '  For real      npx tidings init',
  ]);
  expect(calledAs({}, false)).toBe('tidings');
  for (const line of inClone) {
    const words = line
      .split(' tidings -- ')[1]!
      .split(' ')
      .filter((word) => !word.includes('.'));
    expect(await fakeHost().run(...words, '--help')).toBe(0);
  }
});

test('its call of curl fits 80 columns, and a shell that it is pasted into asks for one JSON document', () => {
  const shown = withCurl('http://127.0.0.1:65535', ID);
  for (const line of shown.split('\n')) expect(width(line)).toBeLessThanOrEqual(80);
  const script = `curl() { printf '%s\\0' "$@"; }\n${shown.replace('  With curl     ', '')}`;
  const [silent, url, flag, body] = spawnSync('sh', ['-euc', script], { encoding: 'utf8' }).stdout.split(
    '\0',
  );
  expect([silent, url, flag]).toEqual(['-s', 'http://127.0.0.1:65535/mcp', '-d']);
  const { method, params } = JSON.parse(body!);
  expect([method, params.name, params.arguments.audience_id]).toEqual(['tools/call', 'sendBulkMessages', ID]);
});

test('its sample messages break between words where a terminal is narrower', () => {
  const { host } = fakeHost();
  Object.assign(host.stdout, { isTTY: true, columns: 60 });
  const output = new Output(host, false);
  const entry = {
    ...{ channel: 'email', to: 'priya.sharma.999@example.com', from: 'Spring Team' },
    subject: 'प्रिया, a small surprise for you 🎁',
    text: 'Hi!\n\nWe thought of Müller & Söhne this week: our spring offer has come to मुंबई and to 東京.',
  };
  output.line(showMessage(entry, output));
  const { seen, host: piped } = fakeHost();
  const whole = new Output(piped, false);
  whole.line(showMessage(entry, whole));
  const lines = showMessage(entry, output).split('\n');
  expect(lines.length).toBeGreaterThan(seen.out.trim().split('\n').length);
  const words = (text: string) => text.split(/\s+/).filter(Boolean);
  expect(words(lines.join('\n'))).toEqual(words(showMessage(entry, whole)));
  for (const line of lines.slice(1))
    expect([line, line === '' || /^ {2}\S/.test(line)]).toEqual([line, true]);
});

test('nothing is said of people whom it does not have', () => {
  const { host } = fakeHost();
  const one = { total_sent: 1, total_skipped: 0 };
  expect(showSummary([one], 1, new Output(host, false))).not.toContain('Skipped:');
  expect(showSummary([{ ...one, total_skipped: 2 }], 1, new Output(host, false))).toContain('Skipped:');
});
