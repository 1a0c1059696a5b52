import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const dist = join(import.meta.dirname, '../../web/dist');
/** The page of the API is a library of others, and is opened by those who program. */
const exclude = ['api-docs/**'];
const kb = (files: readonly string[]) =>
  files.reduce((sum, file) => sum + readFileSync(join(dist, `${file}.gz`)).length, 0) / 1_000;

it('the first page is 90 kB at most on the wire, and all of it 160 kB', () => {
  const page = readFileSync(join(dist, 'index.html'), 'utf8');
  const first = [...page.matchAll(/(?:src|href)="\/([^"]+)"/g)].map(([, file]) => file!);
  const home = globSync('assets/home-*.js', { cwd: dist });
  expect(first.length).toBeGreaterThan(2);
  expect(home).toHaveLength(1);
  expect(kb([...first, ...home, 'index.html'])).toBeLessThan(90);
  expect(kb(globSync('**/*.{js,css,svg,html}', { cwd: dist, exclude }))).toBeLessThan(160);
});

it('nothing of it comes from anywhere else', () => {
  for (const file of globSync('**/*.{js,css,html}', { cwd: dist, exclude })) {
    const text = readFileSync(join(dist, file), 'utf8');
    const hosts = [...text.matchAll(/\bhttps?:\/\/([\w.-]+)/g)].map(([, host]) => host);
    expect(
      hosts.filter((host) => host !== 'www.w3.org'),
      file,
    ).toEqual([]);
  }
});
