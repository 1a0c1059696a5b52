import { expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { createOpenApi } from '../src/http/openapi.ts';
import { describeTool } from '../src/mcp/descriptions.ts';
import { groupTools } from '../src/mcp/tools.ts';
import { openTidings } from '../src/open-tidings.ts';
import { freshFolder, quiet, removeFolder } from './support/core.ts';
import { fakeHost } from './support/fake-host.ts';

/**
 * What others rely on, as files: a change of it shows in the diff, and is made on purpose with
 * `npx vitest run --project sqlite test/contract.test.ts -u`.
 */
async function operations() {
  const folder = freshFolder();
  const tidings = await openTidings(readConfig({ TIDINGS_DATA_DIR: folder }), quiet);
  await tidings.close();
  removeFolder(folder);
  return tidings.operations;
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

it('the page of the HTTP routes is the one that callers know', async () => {
  const page = json(createOpenApi(await operations(), '0.0.0', null));
  await expect(page).toMatchFileSnapshot('contract/openapi.json');
});

it('the tools are those that agents know', async () => {
  const tools = groupTools(await operations()).map((tool) => {
    const { actions: _, ...shown } = tool;
    return { ...shown, ...describeTool(tool) };
  });
  await expect(json(tools)).toMatchFileSnapshot('contract/tools.json');
});

it('the commands are those that scripts know', async () => {
  await expect(await helpOf([])).toMatchFileSnapshot('contract/help.txt');
});

/** The help of a command and of all below it. */
async function helpOf(command: string[]): Promise<string> {
  const { run, seen } = fakeHost();
  await run(...command, '--help');
  const below = /\nCommands:\n([\s\S]*?)(\n\n|$)/.exec(seen.out)?.[1] ?? '';
  const names = [...below.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name!);
  const parts = [seen.out.trimEnd()];
  for (const name of names.filter((one) => one !== 'help')) parts.push(await helpOf([...command, name]));
  return parts.join('\n\n---\n\n');
}
