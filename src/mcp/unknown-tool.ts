import { nearest } from '../nearest.ts';
import type { Tool } from './tools.ts';

/**
 * What is said to a caller of a tool that is not there. Names come with what a client puts before them
 * (`mcp__tidings__leads`), in another spelling (`send_bulk_messages`), or with the action in them (`audience_create`).
 */
export function unknownTool(name: string, tools: readonly Tool[]): string {
  const names = tools.map((tool) => tool.name);
  const meant = toolMeant(name, tools);
  const hint = meant === null ? '.' : `; did you mean ${meant}?`;
  return `There is no tool ${JSON.stringify(name.slice(0, 80))}${hint} The tools are: ${names.join(', ')}.`;
}

function toolMeant(name: string, tools: readonly Tool[]): string | null {
  const wanted = plain(name);
  const actions = tools.flatMap((tool) =>
    [...tool.actions.keys()].filter(Boolean).map((action) => ({ tool: tool.name, action })),
  );
  const joined = actions.find(({ tool, action }) =>
    spellings(tool).some(
      (one) => wanted.endsWith(one + plain(action)) || wanted.endsWith(plain(action) + one),
    ),
  );
  if (joined) return `${joined.tool} with action "${joined.action}"`;
  const names = tools.map((tool) => tool.name);
  return names.find((one) => spellings(one).some((part) => wanted.endsWith(part))) ?? nearest(name, names);
}

/** leads, lead; audience, audiences. */
function spellings(tool: string): string[] {
  const name = plain(tool);
  return name.endsWith('s') ? [name, name.slice(0, -1)] : [name, `${name}s`];
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}
