// Builds the dashboard into web/dist. It may be missing: the server sends without it, and says so at its first page. So
// whatever goes wrong here is told, and is no reason for an install to fail.
import { cpSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';

const web = fileURLToPath(new URL('../web', import.meta.url));
try {
  const { build } = await import('vite');
  await build({ root: web, configFile: `${web}/vite.config.ts`, logLevel: 'warn' });
  // The page of the API: two files of ours, and what its library has built already, with its licences.
  cpSync(`${web}/api-docs`, `${web}/dist/api-docs`, { recursive: true });
  const library = [
    'swagger-ui.css',
    'LICENSE',
    'NOTICE',
    'swagger-ui-bundle.js',
    'swagger-ui-bundle.js.LICENSE.txt',
  ];
  for (const file of library)
    cpSync(fileURLToPath(import.meta.resolve(`swagger-ui-dist/${file}`)), `${web}/dist/api-docs/${file}`);
  // Once here instead of with each request.
  for (const file of globSync(`${web}/dist/**/*.{js,css,svg,html}`)) {
    const level = constants.Z_BEST_COMPRESSION;
    writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level }));
  }
} catch (error) {
  console.error(`The dashboard could not be built; everything else works without it. ${error}`);
  // Asked for by name, it is told by the exit code too.
  if (process.argv.includes('--must')) process.exitCode = 1;
}
