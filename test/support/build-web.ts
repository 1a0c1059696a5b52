import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** What the tests open is what is written now, not what the last install has built. */
export default function buildWeb(): void {
  execFileSync(process.execPath, [join(import.meta.dirname, '../../scripts/build-web.js'), '--must'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
