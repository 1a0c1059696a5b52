// npm runs this after an install in a clone, before npm pack, and where Tidings is installed from git: what is packed is
// JavaScript. A clone runs its TypeScript as it is, so without the development packages there is nothing to do.
// Any Node since 16 reads it: the right one comes with the packages.
import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const root = new URL('..', import.meta.url);
/** Nothing on stdout, which belongs to `npm pack --json`. */
const run = (command) => execSync(command, { cwd: root, stdio: ['ignore', 2, 2] });
const hasBuilder = () => existsSync(new URL('node_modules/rolldown', root));

if (!hasBuilder() && ['pack', 'publish'].includes(process.env.npm_command)) {
  run('npm ci --no-audit --no-fund');
}
if (hasBuilder()) {
  run('npm run --silent build');
  run('node scripts/build-web.js');
}
