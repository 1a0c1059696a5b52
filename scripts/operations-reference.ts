import * as z from 'zod';
import { isTool } from '../src/operations/may-call.ts';
import type { Operation } from '../src/operations/operation.ts';

interface Property {
  description?: string;
  type?: string;
  enum?: string[];
  default?: unknown;
  anyOf?: { type?: string }[];
}

/** docs/reference/operations.md, made from the catalogue, so that it cannot drift from it. */
export function operationsReference(operations: readonly Operation[]): string {
  const parts = operations.map((operation) => {
    const schema = z.toJSONSchema(operation.input, { io: 'input', unrepresentable: 'any' });
    const required = new Set(schema.required ?? []);
    const rows = Object.entries((schema.properties ?? {}) as Record<string, Property>).map(
      ([name, property]) => {
        const type =
          property.enum?.join(' · ') ??
          property.type ??
          property.anyOf?.map((one) => one.type).join(' or ') ??
          '';
        const fallback =
          property.default === undefined ? '' : ` Default: \`${JSON.stringify(property.default)}\`.`;
        const needed = required.has(name) ? 'yes' : '';
        return `| \`${name}\` | ${type} | ${needed} | ${(property.description ?? '').replaceAll('|', '\\|')}${fallback} |`;
      },
    );
    const table =
      rows.length > 0
        ? ['', '| argument | type | required | meaning |', '| --- | --- | --- | --- |', ...rows]
        : [];
    const [noun, verb] = operation.name.split('.');
    const named = verb ? `tool \`${noun}\`, action \`${verb}\`` : `tool \`${noun}\``;
    const tool = isTool(operation) ? named : 'never';
    const [method, path] = operation.route.split(' ');
    return [
      `## ${operation.name}`,
      '',
      operation.summary,
      '',
      `MCP: ${tool} · HTTP: \`${method} /api${path}\` · effect: ${operation.effect}`,
      ...table,
    ].join('\n');
  });
  const head = [
    '# Operations',
    '',
    'Made from the catalogue by `npm run docs`. Every door has them: MCP as tools, HTTP as routes (with',
    '`/api/openapi.json`, which `/api/docs` shows), the command line as commands. What decides for',
    'people, or over who may do what, is no tool of MCP.',
  ].join('\n');
  return `${[head, ...parts].join('\n\n')}\n`;
}
