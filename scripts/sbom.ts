/**
 * `npm run sbom`: what a version is made of (CycloneDX, on stdout): what npm installs with it, and what is built into the
 * pages of the dashboard. `--validate` asks the library of the format's makers besides, which npx fetches.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Packages whose code is in `web/dist`, though a clone has them for development alone. */
export const BUILT_IN = ['@preact/signals', '@preact/signals-core', 'preact', 'swagger-ui-dist'];

interface Component {
  name: string;
  'bom-ref': string;
  properties?: { name: string }[];
}
export interface Bom {
  metadata: { component: { name: string; type: string; 'bom-ref': string } };
  components: Component[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}

const root = join(import.meta.dirname, '..');
const run = (program: string, args: string[], cwd: string) =>
  execFileSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1e9,
    stdio: ['ignore', 'pipe', 2],
    shell: process.platform === 'win32',
  });

/** npm's own list without the tools. (`npm sbom --omit=dev` leaves out what a tool uses, too: pg and zod, for one.) */
export function createSbom(): Bom {
  const bom: Bom = JSON.parse(
    run('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], root),
  );
  bom.components = bom.components.filter((one) => BUILT_IN.includes(one.name) || !isTool(one));
  const refs = new Set(bom.components.map((one) => one['bom-ref']));
  const { component } = bom.metadata;
  bom.dependencies = bom.dependencies
    .filter(({ ref }) => refs.has(ref) || ref === component['bom-ref'])
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));
  for (const one of bom.components) one.properties = [];
  // npm takes the name of the folder.
  component.name = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).name;
  component.type = 'application';
  return bom;
}

const isTool = ({ properties = [] }: Component) =>
  properties.some(({ name }) => name === 'cdx:npm:package:development');

function validate(text: string): void {
  const work = mkdtempSync(join(tmpdir(), 'tidings-sbom-'));
  try {
    writeFileSync(join(work, 'package.json'), '{"private":true,"type":"module"}');
    writeFileSync(join(work, 'sbom.json'), text);
    const packages = [
      '@cyclonedx/cyclonedx-library@10.3.0',
      'ajv@8',
      'ajv-formats@3',
      'ajv-formats-draft2019@1',
    ];
    run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--silent', ...packages], work);
    writeFileSync(
      join(work, 'validate.js'),
      `import { readFileSync } from 'node:fs';
       import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
       const wrong = await new Validation.JsonStrictValidator(Spec.Version.v1dot5).validate(readFileSync('sbom.json', 'utf8'));
       if (wrong !== null) { console.error(wrong); process.exitCode = 1; }`,
    );
    run(process.execPath, ['validate.js'], work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const text = `${JSON.stringify(createSbom(), null, 2)}\n`;
  if (process.argv.includes('--validate')) validate(text);
  process.stdout.write(text);
}
