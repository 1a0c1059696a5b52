import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/** They keep what stays up small, and Node takes them at its start only. npm's scripts give them beforehand. */
const FLAGS = '--max-semi-space-size=3 --max-old-space-size=512 --v8-pool-size=2 --expose-gc'.split(' ');
const STAYS_UP = ['serve', 'worker', 'mcp', 'demo'];

const { execPath, execArgv, argv, env, platform } = process;
const isAsItComes = execArgv.length === 0 && !env.NODE_OPTIONS;
// The same process begins again. Windows cannot do that, and does without.
if (isAsItComes && STAYS_UP.includes(argv[2]) && platform !== 'win32')
  process.execve(execPath, [execPath, ...FLAGS, ...argv.slice(1)], env);

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/tidings', import.meta.url)));
const sources = new URL('../src/main.ts', import.meta.url);
await import(existsSync(sources) ? sources.href : '../dist/src/main.js');
