import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { readConfig } from '../src/config.ts';
import { openTidings } from '../src/open-tidings.ts';
import { configurationReference, fillReadme } from './configuration-reference.ts';
import { EMAIL_PAGE, fillProviders } from './email-providers-page.ts';
import { errorCodesReference } from './error-codes-reference.ts';
import { operationsReference } from './operations-reference.ts';
import { CHARTS, charts, fillPage, PERFORMANCE_PAGE, readResults } from './performance-page.ts';
import { webCatalogue } from './web-catalogue.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidings-docs-'));
const tidings = await openTidings(readConfig({ TIDINGS_DATA_DIR: folder }), pino({ level: 'silent' }));
const page = join(import.meta.dirname, '../docs/reference/operations.md');
writeFileSync(page, operationsReference(tidings.operations));
writeFileSync(join(import.meta.dirname, '../web/api/catalogue.ts'), webCatalogue(tidings.operations));
await tidings.close();
rmSync(folder, { recursive: true });

const results = readResults();
writeFileSync(PERFORMANCE_PAGE, fillPage(readFileSync(PERFORMANCE_PAGE, 'utf8'), results));
for (const [file, chart] of charts(results)) writeFileSync(join(CHARTS, file), chart);

const root = join(import.meta.dirname, '..');
writeFileSync(join(root, 'docs/reference/configuration.md'), configurationReference());
writeFileSync(join(root, 'docs/reference/error-codes.md'), errorCodesReference());
writeFileSync(join(root, 'README.md'), fillReadme(readFileSync(join(root, 'README.md'), 'utf8')));
writeFileSync(EMAIL_PAGE, fillProviders(readFileSync(EMAIL_PAGE, 'utf8')));
