/** Habits that a reader would otherwise have to remember: small files, one way in, one word for each thing. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const MOST_LINES = 400;

/** Larger ones, each with the reason why it stays one file. */
const LARGE: Readonly<Record<string, string>> = {
  'src/core/dispatch/sender-loop.ts': 'claim, deliver and settle are one thought',
  'test/torture/torture.ts': 'one run on one machine, from its deck of faults to its audit',
  'test/torture/workers.ts': 'one run of many workers, from its deck of faults to its audit',
};

/** File names that say nothing of what is inside. */
const EMPTY_NAMES = /^(utils?|helpers?|common|misc|manager|service)\b/;

/** What this house calls by another name, or says in one place only. */
const BANNED: readonly { readonly pattern: RegExp; readonly instead: string; readonly except?: RegExp }[] = [
  {
    pattern: /\boperation\.(run|upload!?)\(/,
    instead: 'runOperation or runUpload: the only way in',
    except: /^src\/operations\/run-operation\.ts$/,
  },
  {
    pattern: /UPDATE (deliveries|sends)( d)?( INDEXED BY \w+)? SET (status|state) = '[^$]/,
    instead: 'a step that is drawn: stepSql, transition or moveSend',
    except: /^test\/|\/migrations|^src\/ledger\//,
  },
  { pattern: /\b[dD]ealtWith\b|\bdealt with\b/, instead: 'settled' },
  { pattern: /\bheld up\b|\bHELD_UP\b/, instead: 'stalled, or waiting' },
  {
    pattern: /'[^'\n]*\?[^'\n]*' AS\b/,
    instead: 'a parameter: a "?" inside a literal of SQL is taken for one',
  },
];

const faults: string[] = [];
for (const file of globSync(['src/**/*.ts', 'test/**/*.ts', 'scripts/*.ts'], { cwd: root })) {
  const source = readFileSync(join(root, file), 'utf8');
  const lines = source.split('\n');
  if (EMPTY_NAMES.test(basename(file))) faults.push(`${file}: its name says nothing of what is inside`);
  if (!file.endsWith('.test.ts') && lines.length - 1 > MOST_LINES && LARGE[file] === undefined)
    faults.push(
      `${file}: ${lines.length - 1} lines; over ${MOST_LINES} wants a reason in ${basename(import.meta.filename)}`,
    );
  if (file === 'scripts/check-tidy.ts') continue;
  for (const { pattern, instead, except } of BANNED) {
    if (except?.test(file)) continue;
    lines.forEach((line, at) => {
      if (pattern.test(line)) faults.push(`${file}:${at + 1}: say ${instead}`);
    });
  }
}
for (const file of Object.keys(LARGE)) {
  const length = readFileSync(join(root, file), 'utf8').split('\n').length - 1;
  if (length <= MOST_LINES) faults.push(`${file}: no longer large; take it off the list`);
}

for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
