import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createMetrics } from '../src/upkeep/metrics/create-metrics.ts';
import { fakeTidings } from './doors/fake-tidings.ts';
import { freshFolder, removeFolder } from './support/core.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const rules = parse(read('packaging/prometheus-alerts.yaml')) as {
  groups: { rules: { alert: string; expr: string }[] }[];
};
const dashboard = JSON.parse(read('packaging/grafana-dashboard.json')) as {
  panels: { title: string; gridPos: object; targets: { expr: string }[] }[];
};
const EXPRESSIONS = [
  ...rules.groups.flatMap((group) => group.rules.map(({ alert, expr }) => [alert, expr] as const)),
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
];
/** Of Debian's package `prometheus`; .ci/install-mail-servers fetches it, and without it these are skipped. */
const PROMTOOL = [
  join(
    process.env['TIDINGS_MAIL_SERVERS'] ??
      join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tidings-mail-servers'),
    'prometheus/usr/bin',
  ),
  ...(process.env['PATH'] ?? '').split(delimiter),
]
  .map((folder) => join(folder, 'promtool'))
  .find((file) => existsSync(file));

let folder: string;
let metrics: string;

beforeAll(async () => {
  folder = freshFolder();
  const registry = await createMetrics(fakeTidings(), '1.2.3', new Map() as never);
  metrics = await registry.metrics();
});
afterAll(() => removeFolder(folder));

it.each(EXPRESSIONS)('%s asks for metrics that there are', (_, expr) => {
  const names = expr.match(/tidings_\w+/g) ?? [];
  // `up` is Prometheus' own.
  if (!/^up\b/.test(expr)) expect(names).not.toEqual([]);
  for (const name of names) expect(metrics).toContain(`# TYPE ${name.replace(/_bucket$/, '')} `);
});

it('no metric that is no summary has a label "quantile"', () => {
  expect(metrics).not.toContain('quantile=');
});

it.skipIf(!PROMTOOL)(
  'promtool takes the metrics, the rules of the alerts and what the dashboard asks',
  () => {
    const promtool = (args: string[], input?: string) => {
      const { status, stdout, stderr } = spawnSync(PROMTOOL!, args, { encoding: 'utf8', input });
      return { status, told: stdout + stderr };
    };
    expect(promtool(['check', 'metrics'], metrics)).toEqual({ status: 0, told: '' });
    const asked = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const file = join(folder, 'dashboard.yaml');
    const rule = (expr: string, at: number) => ({
      record: `panel_${at}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    });
    writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules: asked.map(rule) }] }));
    for (const one of [join(root, 'packaging/prometheus-alerts.yaml'), file])
      expect(promtool(['check', 'rules', one]), one).toMatchObject({ status: 0 });
  },
);
