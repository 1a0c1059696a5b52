import { McpServer, type McpServerFactory, type StandardSchemaWithJSON } from '@modelcontextprotocol/server';
import type { Log } from '../log/log.ts';
import type { JsonSchema } from '../operations/json-schema.ts';
import type { Tidings } from '../tidings.ts';
import { callTool } from './call-tool.ts';
import { describeTool, INSTRUCTIONS } from './descriptions.ts';
import { groupTools } from './tools.ts';

/**
 * Makes MCP servers, one for each HTTP request or stdio connection; what is the same for all is made once.
 * `stop` is aborted when the process ends, so that calls which only watch a send answer before the socket closes; every
 * call goes through `count`.
 */
export function createMcpFactory(
  tidings: Tidings,
  log: Log,
  version: string,
  stop?: AbortSignal,
  count: <T>(call: Promise<T>) => Promise<T> = (call) => call,
): McpServerFactory {
  const tools = groupTools(tidings.operations).map((tool) => ({
    tool,
    config: {
      ...describeTool(tool),
      inputSchema: shown<Record<string, unknown>>(tool.inputSchema),
      outputSchema: shown<Record<string, unknown>>(tool.outputSchema),
    },
  }));
  return () => {
    const server = new McpServer(
      { name: 'tidings', title: 'Tidings', version },
      // The tools of a process never change.
      { instructions: INSTRUCTIONS, capabilities: { tools: { listChanged: false } } },
    );
    for (const { tool, config } of tools) {
      server.registerTool(tool.name, config, (given, ctx) =>
        count(callTool(tool, given, ctx.mcpReq, log, stop)),
      );
    }
    return server;
  };
}

/**
 * A schema that is shown to clients and lets everything through: the operation checks its own input, so that a wrong
 * argument is refused in our words, with the way out, instead of the library's.
 */
function shown<T>(schema: JsonSchema): StandardSchemaWithJSON<T> {
  const json = () => ({ ...schema });
  return {
    '~standard': {
      version: 1,
      vendor: 'tidings',
      validate: (value) => ({ value: value as T }),
      jsonSchema: { input: json, output: json },
    },
  };
}
