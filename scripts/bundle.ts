/**
 * `npm run bundle`: the bundle for desktop assistants (`tidings.mcpb`), made of what npm packs and what that needs when it
 * runs, checked and packed by the tool of its format.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleManifest } from './bundle-manifest.ts';

const TOOL = '@anthropic-ai/mcpb@2.1.2';
const root = join(import.meta.dirname, '..');
const out = join(root, 'dist/tidings.mcpb');
const work = mkdtempSync(join(tmpdir(), 'tidings-bundle-'));
// npm and npx are scripts on Windows, which only a shell starts.
const run = (program: string, args: string[], cwd: string) =>
  execFileSync(program, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
    shell: process.platform === 'win32',
  });

try {
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', work], root)) as [
    { filename: string },
  ];
  run('tar', ['-xzf', packed.filename], work);
  const folder = join(work, 'package');
  copyFileSync(join(root, 'package-lock.json'), join(folder, 'package-lock.json'));
  run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
  rmSync(join(folder, 'package-lock.json'));
  const manifest = bundleManifest(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  mkdirSync(join(root, 'dist'), { recursive: true });
  process.stdout.write(run('npx', ['--yes', TOOL, 'validate', join(folder, 'manifest.json')], root));
  process.stdout.write(
    run('npx', ['--yes', TOOL, 'pack', folder, out], root).split('\n').slice(-8).join('\n'),
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
