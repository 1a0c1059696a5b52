/**
 * `npm run build`: the program as it is published, in `dist/src`: a few files instead of six hundred. Node keeps the text
 * of every file that it has loaded, and its compiled form twice; so what nobody calls and what only people read is left
 * out. Names stay as they are: a stack trace still says where.
 */
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { rolldown } from 'rolldown';

/**
 * Loaded by every server, large, and used in part. Other packages stay where npm puts them: they are loaded when they are
 * wanted, or look for files of their own.
 */
const INLINED = [
  '@hono/node-server',
  '@modelcontextprotocol/server',
  'commander',
  'csv-parse',
  'hono',
  'zod',
];

const root = join(import.meta.dirname, '..');
/** Another folder for whoever measures it: whatever else is built meanwhile is not theirs. */
const out = process.argv[2] ?? join(root, 'dist/src');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
const kept = Object.keys(manifest.dependencies).filter((name) => !INLINED.includes(name));
/** A thread begins with a file, which stands beside the others under its own name. */
const threads = globSync('src/**/*-worker.ts', { cwd: root });

rmSync(out, { recursive: true, force: true });
const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  input: Object.fromEntries(
    ['src/main.ts', ...threads].map((file) => [basename(file, '.ts'), join(root, file)]),
  ),
  external: (id) => id.startsWith('node:') || kept.some((name) => id === name || id.startsWith(`${name}/`)),
});
const { output } = await bundle.write({
  dir: out,
  format: 'esm',
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  comments: false,
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
});
await bundle.close();

const files = output.flatMap((one) => (one.type === 'chunk' ? one.moduleIds : []));
writeFileSync(join(out, 'LICENSES.txt'), licencesOf(files));

/** The words that the licences of what was built in ask to be kept. */
function licencesOf(modules: readonly string[]): string {
  const folders = new Set(
    modules.flatMap((id) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id.replaceAll('\\', '/')) ?? []),
  );
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = globSync('{LICENSE,LICENCE,license}*', { cwd: folder })[0];
      const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim();
      return `${name} ${version} (${license})\n\n${text}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
