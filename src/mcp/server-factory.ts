import {
  CLIENT_INFO_META_KEY,
  McpServer,
  type McpServerFactory,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
  type StandardSchemaWithJSON,
} from '@modelcontextprotocol/server';
import type { Role } from '../core/access/role.ts';
import type { Log } from '../log/log.ts';
import type { JsonSchema } from '../operations/json-schema.ts';
import { isShown } from '../operations/may-call.ts';
import type { Caller } from '../operations/operation.ts';
import type { Tidings } from '../tidings.ts';
import { PLAIN_WORDS } from '../words.ts';
import { callTool } from './call-tool.ts';
import { SEND_CARD_META, sendCard } from './card/send-card.ts';
import { describeTool, INSTRUCTIONS, inNamesOf } from './descriptions.ts';
import { showsForms } from './person-form.ts';
import { addPrompts, addResources } from './resources.ts';
import { addTasks, TASKS_EXTENSION } from './tasks.ts';
import { type Tool, type ToolMode, toolsOf } from './tools.ts';
import { unknownTool } from './unknown-tool.ts';

/** Who a server is made for. */
export type McpCaller = Pick<Caller, 'principal' | 'client'>;

/**
 * Makes MCP servers, one for each HTTP request or stdio connection; what is the same for all is made once. A caller is shown
 * the tools, and of them the actions, that its role may use.
 * `stop` is aborted when the process ends, so that calls which only watch a send answer before the socket closes; every
 * call goes through `count`. `hasConnection`: what a client said when it began holds for all that follows.
 */
export function createMcpFactory(
  tidings: Tidings,
  log: Log,
  version: string,
  mode: ToolMode = 'grouped',
  stop?: AbortSignal,
  count: <T>(call: Promise<T>) => Promise<T> = (call) => call,
  hasConnection = false,
): (caller: McpCaller) => McpServerFactory {
  const all = toolsOf(tidings.operations, mode);
  const renamed = <T>(value: T): T =>
    JSON.parse(JSON.stringify(value), (_, one) => (typeof one === 'string' ? inNamesOf(all, one) : one)) as T;
  const made = new Map<Role, ReturnType<typeof toolsFor>>();
  const toolsFor = (role: Role) =>
    toolsOf(
      tidings.operations.filter((operation) => isShown(role, operation)),
      mode,
    ).map((tool) => ({
      tool,
      config: {
        ...renamed(describeTool(tool)),
        inputSchema: shown<Record<string, unknown>>(renamed(tool.inputSchema)),
        outputSchema: shown<Record<string, unknown>>(renamed(tool.outputSchema)),
        ...(tool.name === 'sendBulkMessages' && { _meta: SEND_CARD_META }),
      },
    }));
  const instructions = renamed(INSTRUCTIONS);
  const card = sendCard(mode);
  const fixed = { listChanged: false };
  const extensions = { [TASKS_EXTENSION]: {} };
  const words = all[0]?.words ?? PLAIN_WORDS;
  return ({ principal, client }) =>
    () => {
      const tools = made.get(principal.role) ?? toolsFor(principal.role);
      made.set(principal.role, tools);
      const server = new McpServer(
        { name: 'tidings', title: 'Tidings', version },
        // The tools of a process never change, and who wants to know of a send asks again.
        { instructions, capabilities: { tools: fixed, resources: fixed, prompts: fixed, extensions } },
      );
      const callerOf = ({ mcpReq }: ServerContext): Caller => {
        const info =
          (mcpReq.envelope as Envelope)?.[CLIENT_INFO_META_KEY] ?? server.server.getClientVersion();
        return { door: 'mcp', principal, client: info?.name.slice(0, CLIENT_MAX) ?? client, words };
      };
      const call = (tool: Tool, given: Record<string, unknown>, context: ServerContext) => {
        const connected = hasConnection ? server.server.getClientCapabilities() : undefined;
        const canShowForm = showsForms(context.mcpReq, connected);
        const about = { caller: callerOf(context), call: context.mcpReq, canShowForm };
        return count(callTool(tool, given, { ...about, operations: tidings.operations, log, stop }));
      };
      for (const { tool, config } of tools)
        server.registerTool(tool.name, config, (given, context) => call(tool, given, context));
      // In place of the library's own, which says of a wrong name no more than that it is wrong.
      server.server.setRequestHandler('tools/call', async ({ params }, context) => {
        // Also those that the caller is not shown: it is told why not.
        const found = all.find(({ name }) => name === params.name);
        if (found) return call(found, params.arguments ?? {}, context);
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, unknownTool(params.name, all));
      });
      addResources(server, {
        tidings,
        log,
        renamed,
        card,
        caller: { door: 'mcp', principal, client, words },
      });
      addPrompts(server, { renamed });
      addTasks(server, { operations: tidings.operations, log, callerOf });
      return server;
    };
}

const CLIENT_MAX = 80;
type Envelope = Readonly<Record<string, { readonly name: string } | undefined>> | undefined;

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
