/**
 * Holds the arrows of the house, for the whole of `src/`: by import, by `import()` and by the tables that SQL names.
 *
 * Each floor may use itself and those above it in this list. Rooms on one floor do not know each other where the floor
 * says so: a door never imports a door, and a provider never imports a provider of another kind.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { TABLES } from '../src/ledger/schema/tables.ts';

const root = join(import.meta.dirname, '..', 'src');

/** From the cellar to the roof. The longest prefix of a file's path says on which floor it lives. */
const FLOORS: readonly (readonly string[])[] = [
  ['amounts.ts', 'words.ts', 'nearest.ts'],
  ['visible.ts', 'until-any.ts', 'public-address.ts', 'private-files.ts', 'errors.ts', 'log'],
  ['faults.ts', 'rounds.ts'],
  ['ledger'],
  ['core/channel.ts', 'core/clock.ts', 'core/new-id.ts'],
  ['core/access'],
  ['core/suppressions'],
  ['core/leads'],
  ['core/templates'],
  ['core/audiences', 'core/messages', 'core/conversations'],
  ['core/sends'],
  ['core/deliveries'],
  ['core/events'],
  ['core/holds', 'core/imports'],
  ['core/dispatch'],
  ['providers', 'queue'],
  ['person'],
  ['operations'],
  ['upkeep/health.ts'],
  ['tidings.ts'],
  [
    'config.ts',
    'config-access.ts',
    'config-problem.ts',
    'config-values.ts',
    'config-whatsapp.ts',
    'settings.ts',
    'settings-email.ts',
  ],
  ['environment'],
  ['upkeep'],
  ['open-tidings.ts'],
  ['mcp', 'http', 'cli'],
  ['main.ts'],
];

/** Rooms that share a floor and must not know each other; MCP over HTTP is mounted where HTTP is served. */
const MOUNTED = ['http/app.ts', 'mcp/http-route.ts'];
const APART = ['mcp', 'http', 'cli', 'providers/email', 'providers/whatsapp'];

/** Who makes and changes a table: the folder that owns it. Whoever lives on a lower floor may not name it in SQL. */
const OWNERS: ReadonlyMap<string, string> = new Map(TABLES.map(({ name, owner }) => [name, owner]));

const faults: string[] = [];
for (const file of globSync('**/*.ts', { cwd: root })) {
  if (file.endsWith('.test.ts')) continue;
  const source = readFileSync(join(root, file), 'utf8');
  for (const path of importsOf(file, source)) {
    if (floorOf(path) > floorOf(file)) faults.push(`src/${file} imports src/${path}, which is built on it`);
    const [from, to] = [file, path].map((one) => APART.find((room) => one.startsWith(`${room}/`)));
    if (from !== undefined && to !== undefined && from !== to && !MOUNTED.includes(file))
      faults.push(`src/${file} imports src/${path}: ${from} and ${to} do not know each other`);
  }
  if (!file.startsWith('core/') || file.startsWith('core/holds/')) continue;
  for (const table of tablesOf(source)) {
    const owner = OWNERS.get(table);
    if (owner !== undefined && floorOf(owner) > floorOf(file))
      faults.push(`src/${file} names the table ${table}, which belongs to src/${owner}`);
  }
}

function importsOf(file: string, source: string): string[] {
  const found = source.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map(([, target]) => relative(root, join(root, dirname(file), target!)));
}

function tablesOf(source: string): Set<string> {
  return new Set([...source.matchAll(/\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)/g)].map(([, table]) => table!));
}

function floorOf(path: string): number {
  let floor = -1;
  let longest = 0;
  FLOORS.forEach((rooms, at) => {
    for (const room of rooms) {
      if ((path === room || path.startsWith(`${room}/`)) && room.length > longest) {
        longest = room.length;
        floor = at;
      }
    }
  });
  if (floor < 0) faults.push(`src/${path} lives on no floor: name it in scripts/check-import-order.ts`);
  return floor;
}

for (const fault of new Set(faults)) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
