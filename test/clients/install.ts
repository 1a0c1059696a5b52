import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { blocksOf, filled, linesOf } from './install-page.ts';
import { job } from './job.ts';
import { env, folder, KEY, type Ran, run, told, url } from './trial.ts';

/** Every line and file of `docs/install/assistants.md` whose program can be had from npm, done as it stands there. */

const OWN = {
  'http://127.0.0.1:3000/mcp': url,
  'https://tidings.example.com/mcp': url,
  'Bearer KEY': `Bearer ${KEY}`,
  '/path/to/data': join(folder, 'local'),
  // A person types it, and this one is not asked.
  ['$' + '{input:tidings-key}']: KEY,
  '"mcp-remote"': '"mcp-remote@0.15.1"',
};
const fill = (text: string) => filled(text, OWN);
const sh = (line: string, cwd = folder, env = {}): Promise<Ran> => run('sh', ['-c', line], { cwd, env });

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, fill(text));
}

/** The ways in are alternatives, all under one name: each is tried alone. */
async function addsAndConnects(title: string, client: string, look: string, isThere: RegExp): Promise<void> {
  for (const line of linesOf(title).filter((one) => one.includes(' mcp add '))) {
    for (const scope of ['', ' --scope user']) await sh(`${client} mcp remove${scope} tidings`);
    const added = await sh(fill(line));
    const looked = await sh(look);
    told(line, added.code === 0 && isThere.test(looked.out), { ...looked, out: added.out + looked.out });
  }
}

/** A file of another program, read by mcporter where that keeps it: it knows the formats of them all. */
async function isReadBy(title: string, path: string): Promise<void> {
  const home = join(folder, 'homes', title.replaceAll(' ', '-'));
  put(join(home, path), blocksOf(title, 'json')[0]!);
  // What is not at its usual place is named.
  const config = path === 'mcp.json' ? ['--config', join(home, path)] : [];
  const ran = await run('mcporter', [...config, 'list'], { cwd: home, env: { HOME: home } });
  told(`${title}: ${path}, as mcporter reads it`, /tidings \(\d+ tools/.test(ran.out), ran);
}

export const install = {
  async tidings() {
    for (const line of linesOf('Keys')) {
      const ran = await sh(line);
      told(line, ran.code === 0, ran);
    }
  },

  async mcporter() {
    await isReadBy('Cursor', '.cursor/mcp.json');
    await isReadBy('VS Code', '.vscode/mcp.json');
    await isReadBy('Windsurf', '.codeium/windsurf/mcp_config.json');
    await isReadBy('LM Studio', 'mcp.json');
  },

  /** It starts the program that its file names, and speaks to it as the client of the protocol's library does. */
  async desktop() {
    for (const block of blocksOf('Claude Desktop', 'json')) {
      const { command, args, env: more = {} } = JSON.parse(fill(block)).mcpServers.tidings;
      const transport = new StdioClientTransport({
        command,
        args,
        env: { ...env, ...more },
        stderr: 'ignore',
      });
      const client = new Client({ name: 'claude-ai', version: '0.1.0' });
      const out = await client
        .connect(transport)
        .then(async () => (await client.listTools()).tools.map(({ name }) => name).join(' '))
        .catch(String);
      await client.close();
      const what = `Claude Desktop: ${command} ${args.slice(0, 2).join(' ')}`;
      told(what, out.includes('sendBulkMessages'), { code: null, out });
    }
  },

  async codex() {
    await addsAndConnects('Codex', 'codex', 'codex mcp get tidings', /enabled: true/);
    put(join(folder, '.codex/config.toml'), blocksOf('Codex', 'toml')[0]!);
    const read = await sh('codex mcp get tidings');
    told('Codex reads config.toml', read.out.includes(url) && read.out.includes('TIDINGS_API_KEY'), read);
  },

  async gemini() {
    // It asks whether the folder is trusted, and starts nothing before.
    const settings = join(folder, '.gemini/settings.json');
    const security = { folderTrust: { enabled: false } };
    put(settings, JSON.stringify({ security }));
    await addsAndConnects('Gemini CLI', 'gemini', 'gemini mcp list', /tidings.*Connected/s);
    put(settings, JSON.stringify({ security, ...JSON.parse(blocksOf('Gemini CLI', 'json')[0]!) }));
    const read = await sh('gemini mcp list');
    told('Gemini CLI reads settings.json', /tidings.*Connected/s.test(read.out), read);
  },

  async claude() {
    const config = join(folder, 'claude');
    await addsAndConnects('Claude Code', 'claude', 'claude mcp list', /tidings.*Connected/s);
    const project = join(folder, 'project');
    put(join(project, '.mcp.json'), blocksOf('Claude Code', 'json')[0]!);
    // It asks before it connects to what a project brings along.
    put(join(config, 'settings.json'), '{ "enableAllProjectMcpServers": true }');
    const read = await sh('claude mcp list', project, { CLAUDE_CONFIG_DIR: config });
    told('Claude Code reads .mcp.json of a project', /tidings.*Connected/s.test(read.out), read);
    await sh(fill(linesOf('Claude Code')[0]!), folder, { CLAUDE_CONFIG_DIR: config });
    await job({ CLAUDE_CONFIG_DIR: config });
  },
};
