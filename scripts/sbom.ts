/**
 * `npm run sbom`: what a version is made of (CycloneDX, on stdout): what npm installs with it, and what is built into the
 * pages of the dashboard. `--validate` asks the library of the format's makers besides.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';

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

/** What the library of the format's makers says against it, by the strict schema; null when it is right. */
export async function faultsOf(text: string): Promise<unknown> {
  return new Validation.JsonStrictValidator(Spec.Version.v1dot5).validate(text);
}

if (import.meta.main) {
  const text = `${JSON.stringify(createSbom(), null, 2)}\n`;
  const faults = process.argv.includes('--validate') ? await faultsOf(text) : null;
  if (faults !== null) {
    console.error(faults);
    process.exitCode = 1;
  } else process.stdout.write(text);
}
