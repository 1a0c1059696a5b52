import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { configurationReference, fillReadme } from '../scripts/configuration-reference.ts';
import { EMAIL_PAGE, fillProviders } from '../scripts/email-providers-page.ts';
import { errorCodesReference } from '../scripts/error-codes-reference.ts';
import { operationsReference } from '../scripts/operations-reference.ts';
import { CHARTS, charts, fillPage, PERFORMANCE_PAGE, readResults } from '../scripts/performance-page.ts';
import { webCatalogue } from '../scripts/web-catalogue.ts';
import { readConfig } from '../src/config.ts';
import { openTidings } from '../src/open-tidings.ts';
import { freshFolder, quiet, removeFolder } from './support/core.ts';

it('the page of operations and the types of the dashboard are what the catalogue says; npm run docs writes both', async () => {
  const folder = freshFolder();
  const tidings = await openTidings(readConfig({ TIDINGS_DATA_DIR: folder }), quiet);
  const page = readFileSync(join(import.meta.dirname, '../docs/reference/operations.md'), 'utf8');
  expect(page).toBe(operationsReference(tidings.operations));
  const types = readFileSync(join(import.meta.dirname, '../web/api/catalogue.ts'), 'utf8');
  expect(types).toBe(webCatalogue(tidings.operations));
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

it('what each provider of email can is what its code says; npm run docs writes it', () => {
  const page = readFileSync(EMAIL_PAGE, 'utf8');
  expect(page).toBe(fillProviders(page));
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

it('what is to be written into the files of assistants is JSON, and names our address by the word that each of them reads', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/install/assistants.md'), 'utf8');
  const blocks = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text]) => JSON.parse(text!) as object);
  expect(blocks.length).toBeGreaterThanOrEqual(9);
  const words = ['url', 'httpUrl', 'serverUrl'].map(
    (word) => JSON.stringify(blocks).split(`"${word}":"http`).length - 1,
  );
  expect(words).toEqual([5, 1, 1]);
});

it('the changelog has a heading for each version, and each entry stands under one that Keep a Changelog knows', () => {
  const lines = readFileSync(join(import.meta.dirname, '../CHANGELOG.md'), 'utf8').split('\n');
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));
  const versions = lines.filter((line) => line.startsWith('## '));
  expect(versions[0]).toBe('## [Unreleased]');
  for (const one of versions.slice(1)) expect(one).toMatch(/^## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/);
  expect(versions.join()).toContain(`[${version}]`);
  const install = readFileSync(join(import.meta.dirname, '../docs/install/README.md'), 'utf8');
  expect(install).toContain(`/tidings-${version}.tgz`);
  let heading = '';
  for (const line of lines) {
    if (/^##? /.test(line)) heading = '';
    if (line.startsWith('### ')) {
      heading = line;
      expect(line).toMatch(/^### (Added|Changed|Deprecated|Removed|Fixed|Security)$/);
    }
    if (line.startsWith('- ')) expect([line, heading]).toEqual([line, expect.stringMatching(/^### /)]);
  }
});
