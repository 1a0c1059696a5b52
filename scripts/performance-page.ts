import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchResult, median } from '../bench/bench.ts';

const root = join(import.meta.dirname, '..');
const RESULTS = join(root, 'bench/results');
export const PERFORMANCE_PAGE = join(root, 'docs/performance.md');
/** Where the page's charts are. */
export const CHARTS = join(root, 'docs/charts');

export interface BenchRecord extends BenchResult {
  readonly name: string;
  readonly command: string;
  readonly at: string;
  readonly seconds: number;
  /** Mean number of programs that wanted a core in the minute before; absent in results from before it was noted. */
  readonly load_before?: number;
  readonly machine: Readonly<Record<string, string | number>>;
}

export function readResults(): Map<string, BenchRecord> {
  const files = readdirSync(RESULTS).filter((file) => file.endsWith('.json'));
  const records = files.map((file) => JSON.parse(readFileSync(join(RESULTS, file), 'utf8')) as BenchRecord);
  return new Map(records.map((record) => [record.name, record]));
}

/**
 * A page with `<!-- goals -->` or `<!-- bench NAME -->`, and `<!-- end -->`, where the figures stand: they are put in
 * from the results.
 */
export function fillPage(page: string, results: ReadonlyMap<string, BenchRecord>): string {
  return page.replaceAll(
    /(<!-- (goals|bench (\w+)) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin, what, name, end) => {
      const record = results.get(name);
      if (what !== 'goals' && !record)
        throw new Error(`There is no result of "${name}": npm run bench -- ${name}`);
      return `${begin}${record ? tableOf(record) : goalsOf(results)}${end}`;
    },
  );
}

function goalsOf(results: ReadonlyMap<string, BenchRecord>): string {
  const rows = [...results.values()].flatMap(({ name, goals }) =>
    goals.map(({ goal, measured, met }) => `| ${name} | ${goal} | ${measured} | ${met ? '✓' : '✗'} |`),
  );
  return `${['| bench | goal | measured | met |', '| --- | --- | --- | --- |', ...rows].join('\n')}\n`;
}

function tableOf({ setting, rows, command, at, machine, load_before }: BenchRecord): string {
  const figures = rows.map(({ what, unit, runs, note }) => {
    const spread = runs.length > 1 ? `${figure(Math.min(...runs))} to ${figure(Math.max(...runs))}` : '';
    return `| ${what} | **${figure(median(runs))}** ${unit} | ${spread} | ${note ?? ''} |`;
  });
  const on = `${machine['cores']} × ${machine['cpu']}, ${machine['memory_gb']} GB, Node ${machine['node']}`;
  const load = load_before === undefined ? '' : `; load before: ${figure(load_before)}`;
  return [
    `${setting}.`,
    '',
    '| what | median | runs | |',
    '| --- | --- | --- | --- |',
    ...figures,
    '',
    `\`${command}\`, ${at.slice(0, 10)}, ${on}${load}`,
    '',
  ].join('\n');
}

/** What is drawn: one chart for each file, each of one result. */
export function charts(results: ReadonlyMap<string, BenchRecord>): Map<string, string> {
  const drawn = new Map<string, string>();
  const draw = (
    file: string,
    name: string,
    title: string,
    wants: (what: string) => boolean,
    short = (what: string) => what,
  ) => {
    const rows = results.get(name)?.rows.filter(({ what }) => wants(what)) ?? [];
    if (rows.length === 0) return;
    const bars = rows.map(({ what, runs }) => ({
      label: short(what),
      value: median(runs),
      // Beside others, ours stands out; where all are ours, none does.
      isOwn: name !== 'email' || what === 'Tidings',
    }));
    drawn.set(`${file}.svg`, barChart(`${title} (${rows[0]!.unit})`, bars));
  };
  const size = (what: string) => what.replace(/^.*, /, '');
  draw('email', 'email', 'Emails, end to end', () => true);
  draw('cost', 'growth', 'Processor time', (what) => what.startsWith('processor'), size);
  draw('memory', 'growth', 'Peak of resident memory', (what) => what.startsWith('peak'), size);
  draw('rate', 'growth', 'Emails', (what) => what.startsWith('messages'), size);
  draw('import', 'import', 'Import', (what) => !what.startsWith('peak'));
  draw(
    'whatsapp',
    'whatsapp',
    'WhatsApp, of what the provider allows',
    (what) => what.endsWith('used'),
    (what) => what.replace(': used', ''),
  );
  draw(
    'scale',
    'scale',
    'Emails through many workers',
    (what) => / workers?$/.test(what) && !/RATE/.test(what),
  );
  return drawn;
}

const WIDTH = 720;
const BAR = 26;
const LEFT = 270;

/** Bars from zero, so that their lengths are the figures; readable on a light and on a dark page. */
function barChart(title: string, bars: readonly { label: string; value: number; isOwn: boolean }[]): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const height = 44 + bars.length * (BAR + 10);
  const drawn = bars.map(({ label, value, isOwn }, at) => {
    const y = 40 + at * (BAR + 10);
    const width = Math.max(1, Math.round((value / most) * (WIDTH - LEFT - 90)));
    const [labelY, own] = [y + BAR / 2 + 5, isOwn ? 'own' : 'other'];
    return (
      `  <text class="label" x="${LEFT - 10}" y="${labelY}" text-anchor="end">${escaped(label)}</text>\n` +
      `  <rect class="${own}" x="${LEFT}" y="${y}" width="${width}" height="${BAR}" rx="3"/>\n` +
      `  <text class="label" x="${LEFT + width + 8}" y="${labelY}">${figure(value)}</text>\n`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">
  <style>
    text { font: 14px system-ui, sans-serif; fill: #24292f }
    .title { font-weight: 600 }
    .own { fill: #1a7f5a }
    .other { fill: #8c959f }
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .own { fill: #3fb984 } .other { fill: #6e7681 } }
  </style>
  <text class="title" x="0" y="20">${escaped(title)}</text>
${drawn.join('')}</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
