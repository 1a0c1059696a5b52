import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { configurationReference, fillReadme } from '../scripts/configuration-reference.ts';
import { errorCodesReference } from '../scripts/error-codes-reference.ts';
import { operationsReference } from '../scripts/operations-reference.ts';
import { CHARTS, charts, fillPage, PERFORMANCE_PAGE, readResults } from '../scripts/performance-page.ts';
import { readConfig } from '../src/config.ts';
import { openTidings } from '../src/open-tidings.ts';
import { freshFolder, quiet, removeFolder } from './support/core.ts';

it('the page of operations is what the catalogue says; npm run docs writes it', async () => {
  const folder = freshFolder();
  const tidings = await openTidings(readConfig({ TIDINGS_DATA_DIR: folder }), quiet);
  const page = readFileSync(join(import.meta.dirname, '../docs/reference/operations.md'), 'utf8');
  expect(page).toBe(operationsReference(tidings.operations));
  await tidings.close();
  removeFolder(folder);
});

it('the configuration in the README and in its page is what is declared; npm run docs writes both', () => {
  const root = join(import.meta.dirname, '..');
  const page = readFileSync(join(root, 'docs/reference/configuration.md'), 'utf8');
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  expect(page).toBe(configurationReference());
  expect(readme).toBe(fillReadme(readme));
});

it('the page of error codes is what the tables of the code say; npm run docs writes it', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/reference/error-codes.md'), 'utf8');
  expect(page).toBe(errorCodesReference());
});

it('every row of the page on failures names a test that there is', () => {
  const root = join(import.meta.dirname, '..');
  const page = readFileSync(join(root, 'docs/guides/failures.md'), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| (what|---) /.test(line));
  expect(rows.length).toBeGreaterThan(20);
  for (const row of rows) {
    const named = [...row.matchAll(/`([\w/.-]+\.test\.ts)`: (.+?)(?=; `| \|$)/g)];
    expect(named.length, row).toBeGreaterThan(0);
    for (const [, file, name] of named)
      expect(readFileSync(join(root, file!), 'utf8'), row).toContain(`'${name}'`);
  }
});

it('the page on performance and its charts are what the results of the benches say; npm run docs writes them', () => {
  const results = readResults();
  const page = readFileSync(PERFORMANCE_PAGE, 'utf8');
  expect(page).toBe(fillPage(page, results));
  const drawn = charts(results);
  for (const [file, chart] of drawn) {
    expect(page).toContain(`(charts/${file})`);
    expect(readFileSync(join(CHARTS, file), 'utf8')).toBe(chart);
  }
  expect(readdirSync(CHARTS).sort()).toEqual([...drawn.keys()].sort());
});

it('every link of a page leads somewhere, and so does every path that the pages for contributors name', () => {
  const root = join(import.meta.dirname, '..');
  const missing: string[] = [];
  for (const page of globSync(['*.md', 'docs/**/*.md'], { cwd: root })) {
    const text = readFileSync(join(root, page), 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!\w+:)([^)#\s]+)/g))
      if (!existsSync(join(root, dirname(page), target!))) missing.push(`${page}: ${target}`);
    if (!/^ARCHITECTURE|^CONTRIBUTING|contributing\//.test(page)) continue;
    for (const [, path] of text.matchAll(/`((?:src|test|scripts|docs|\.githooks)\/[\w./-]+)`/g))
      if (!existsSync(join(root, path!))) missing.push(`${page}: ${path}`);
  }
  expect(missing).toEqual([]);
});
