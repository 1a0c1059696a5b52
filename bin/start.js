import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/** They keep what stays up small, and Node takes them at its start only. npm's scripts give them beforehand. */
const FLAGS = '--max-semi-space-size=3 --max-old-space-size=512 --v8-pool-size=2 --expose-gc'.split(' ');
/** The C library's memory in one piece, of which what is free again goes back to the system: it, too, asks at its start only. */
const MALLOC =
  process.platform === 'linux' ? { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' } : {};
const STAYS_UP = ['serve', 'worker', 'mcp', 'demo'];

const { execPath, execArgv, argv, env, platform } = process;
const given = execArgv.join(' ');
const isOurs = (given === '' || given === FLAGS.join(' ')) && !env.NODE_OPTIONS;
const isReady = given !== '' && Object.keys(MALLOC).every((name) => name in env);
const isLong = STAYS_UP.includes(argv[2]) || (argv[2] === 'leads' && argv[3] === 'import');
// The same process begins again. Windows cannot do that, and does without.
if (isLong && isOurs && !isReady && platform !== 'win32')
  process.execve(execPath, [execPath, ...FLAGS, ...argv.slice(1)], { ...MALLOC, ...env });

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/tidings', import.meta.url)));
const sources = new URL('../src/main.ts', import.meta.url);
await import(existsSync(sources) ? sources.href : '../dist/src/main.js');
