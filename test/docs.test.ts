import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { operationsReference } from '../scripts/operations-reference.ts';
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
