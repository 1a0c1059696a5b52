import { execFile, spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshFolder, removeFolder } from './support/core.ts';

const root = join(import.meta.dirname, '..');
const run = promisify(execFile);
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** An empty folder into which the package was installed: what npm packs, and what it depends on when it runs. */
let folder: string;
let packed: string[];
let program: string;

beforeAll(async () => {
  folder = freshFolder();
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root });
  const [made] = JSON.parse(stdout);
  packed = made.files.map(({ path }: { path: string }) => path);
  const installed = join(folder, 'node_modules/tidings');
  mkdirSync(installed, { recursive: true });
  await run('tar', ['-xzf', join(folder, made.filename), '--strip-components=1', '-C', installed]);
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link);
  }
  program = join(installed, manifest.bin.tidings);
});

afterAll(() => removeFolder(folder));

describe('the package', () => {
  it('holds no source, no test and nothing that belongs to whoever packed it', () => {
    expect(packed).toEqual(
      expect.arrayContaining(['dist/src/main.js', 'web/dist/index.html', 'web/dist/api-docs/swagger-ui.css']),
    );
    expect(
      packed.filter((file) => /^(src|test|bench|scripts|data)\/|\.test\.|(^|\/)\.env$|\.db$/.test(file)),
    ).toEqual([]);
  });

  it('holds a file for each thread that the program begins, and the licences of what was built into it', () => {
    const threads = globSync('src/**/*.ts', { cwd: root }).flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/new URL\(`\.\/([\w-]+)\$\{extname/g)].map(
        ([, name]) => `dist/src/${name}.js`,
      ),
    );
    expect(threads.length).toBeGreaterThan(1);
    expect(packed).toEqual(expect.arrayContaining([...threads, 'dist/src/LICENSES.txt']));
    const licences = readFileSync(join(dirname(program), '../dist/src/LICENSES.txt'), 'utf8');
    expect(licences).toMatch(/^zod \S+ \(MIT\)\n\nMIT License\n/m);
  });

  it('holds every page that its pages link to', () => {
    const missing = packed
      .filter((file) => file.endsWith('.md'))
      .flatMap((page) =>
        [...readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!\w+:)([^)#\s]+)/g)]
          .map(([, target]) => normalize(join(dirname(page), target!)).replace(/\/$/, ''))
          .filter((target) => !packed.some((file) => file === target || file.startsWith(`${target}/`)))
          .map((target) => `${page}: ${target}`),
      );
    expect(missing).toEqual([]);
  });

  it('is as registries and publint want it', async () => {
    expect(await publint({ pkgDir: dirname(dirname(program)), strict: true, pack: false })).toMatchObject({
      messages: [],
    });
    expect(manifest.private).toBeUndefined();
  });

  it('shows the demo in an empty folder', async () => {
    const args = [program, 'demo', '--leads', '5', '--exit', '--json'];
    const { stdout } = await run(process.execPath, args, { cwd: folder });
    expect(JSON.parse(stdout)).toMatchObject({ email: { total_sent: 5 }, whatsapp: { total_sent: 5 } });
  });

  it('serves, with the memory of npm start though nobody gave its flags, and stops at a signal', async () => {
    const env = { PATH: process.env['PATH'], TIDINGS_DATA_DIR: join(folder, 'data') };
    const stdio = ['ignore', 'ignore', 'pipe'] as const;
    const server = spawn(process.execPath, [program, 'serve', '--port', '0'], {
      cwd: folder,
      env,
      stdio: [...stdio],
    });
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: server.stderr! }).on('line', (line) => {
        const found = /"url":"([^"]+)"/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
      server.once('exit', () => reject(new Error('it ended before it was ready')));
    });
    const health = await (await fetch(`${url}/health`)).json();
    expect(health).toMatchObject({ version: manifest.version });
    if (existsSync('/proc/self/cmdline'))
      expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).toContain('--max-semi-space-size=3');
    if (existsSync('/proc/self/environ'))
      expect(readFileSync(`/proc/${server.pid}/environ`, 'utf8')).toContain('MALLOC_ARENA_MAX=1\0');
    server.kill('SIGTERM');
    expect(await new Promise((resolve) => server.once('exit', resolve))).toBe(0);
  });

  it('speaks MCP over standard input and output', async () => {
    const env = { PATH: process.env['PATH'], TIDINGS_DATA_DIR: join(folder, 'data') };
    const answered = run(process.execPath, [program, 'mcp'], { cwd: folder, env });
    const params = {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 't', version: '1' },
    };
    answered.child.stdin!.end(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
    const { stdout } = await answered;
    expect(JSON.parse(stdout.split('\n')[0]!).result.serverInfo).toMatchObject({
      name: 'tidings',
      version: manifest.version,
    });
  });
});

describe('an older Node', () => {
  const pretend = (version: string) =>
    `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`;

  it.each(['14.21.3', '24.11.0'])(
    '%s is told in one line what is needed, and nothing on stdout',
    async (version) => {
      const failed = run(process.execPath, [
        '--import',
        pretend(version),
        join(root, 'bin/tidings.js'),
        'mcp',
      ]);
      await expect(failed).rejects.toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/^tidings needs Node \d+\.\d+ or newer, and this is .+\n$/),
      });
    },
  );

  it('is told the version that package.json names, by a file in which nothing is newer than Node 12', () => {
    const text = readFileSync(join(root, 'bin/tidings.js'), 'utf8');
    expect(manifest.engines.node).toBe(`>=${/needed = '([\d.]+)'/.exec(text)![1]}`);
    expect(text).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(text).not.toMatch(/^import .* from|^await |\?\?|\?\.|node:/m);
  });
});
