import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { bundleManifest } from '../scripts/bundle-manifest.ts';
import { BUILT_IN, createSbom, faultsOf } from '../scripts/sbom.ts';
import { SECRETS, SETTINGS } from '../src/settings.ts';

const read = (file: string) => JSON.parse(readFileSync(join(import.meta.dirname, '..', file), 'utf8'));
const manifest = read('package.json');
const sbom = createSbom();
const NAMES = SETTINGS.flatMap(({ settings }) => settings.map(({ name }) => name));

/** What the registry of MCP asks of a server.json (schema 2025-12-11), as far as this one goes. */
const variable = z.strictObject({
  name: z.enum(NAMES),
  description: z.string().min(1),
  isSecret: z.boolean().optional(),
  format: z.enum(['string', 'number', 'boolean', 'filepath']).optional(),
});
const server = z.strictObject({
  $schema: z.literal('https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json'),
  name: z.string().regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(100),
  version: z.literal(manifest.version),
  packages: z.tuple([
    z.strictObject({
      registryType: z.literal('npm'),
      registryBaseUrl: z.url(),
      identifier: z.literal(manifest.name),
      version: z.literal(manifest.version),
      runtimeHint: z.literal('npx'),
      transport: z.strictObject({ type: z.literal('stdio') }),
      packageArguments: z.tuple([z.strictObject({ type: z.literal('positional'), value: z.literal('mcp') })]),
      environmentVariables: z.array(variable),
    }),
  ]),
});

it('server.json is what the registry takes, of this version, and names settings that there are', () => {
  const listed = server.parse(read('server.json'));
  expect(listed.name).toBe(manifest.mcpName);
  for (const { name, isSecret = false } of listed.packages[0].environmentVariables)
    expect([name, isSecret]).toEqual([name, SECRETS.includes(name)]);
});

it('the bundle for desktop assistants gives each of its questions to a setting, secrets as such', () => {
  const { version, server: program, user_config: asked, compatibility } = bundleManifest(manifest);
  expect([version, compatibility.runtimes.node]).toEqual([manifest.version, manifest.engines.node]);
  const used = Object.entries(program.mcp_config.env).map(([name, value]) => {
    expect(NAMES).toContain(name);
    const question = /^\$\{user_config\.(\w+)\}$/.exec(value)![1]!;
    expect([name, asked[question]?.sensitive ?? false]).toEqual([name, SECRETS.includes(name)]);
    return question;
  });
  expect(used.sort()).toEqual(Object.keys(asked).sort());
});

it('the list of what a version is made of has whatever it installs and whatever is built into its pages, and no tool', () => {
  const { metadata, components, dependencies } = sbom;
  expect(metadata.component).toMatchObject({ name: manifest.name, type: 'application' });
  const names = components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([...Object.keys(manifest.dependencies), ...BUILT_IN]));
  expect(names).not.toContain('vitest');
  const refs = dependencies.map(({ ref }) => ref);
  expect(refs).toEqual(expect.arrayContaining(components.map((one) => one['bom-ref'])));

  const root = join(import.meta.dirname, '..');
  const built = globSync('web/**/*.{ts,tsx}', { cwd: root, exclude: ['web/dist/**', 'web/vite.config.ts'] })
    .flatMap((file) => [...readFileSync(join(root, file), 'utf8').matchAll(/ from '([^.'][^']*)'/g)])
    .map(([, name]) =>
      name!
        .split('/')
        .slice(0, name!.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  expect(BUILT_IN).toEqual(expect.arrayContaining(built));
});

it('that list is one by the schema of its format, which takes no other', async () => {
  expect(await faultsOf(JSON.stringify(sbom))).toBeNull();
  expect(await faultsOf(JSON.stringify({ ...sbom, components: 'none' }))).not.toBeNull();
});

it('redocly has nothing to say of the OpenAPI document', () => {
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['run', '--silent', 'lint:api', '--', '--format=json'],
    {
      cwd: join(import.meta.dirname, '..'),
      encoding: 'utf8',
      shell: process.platform === 'win32',
    },
  );
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ totals: { errors: 0, warnings: 0 } });
});
