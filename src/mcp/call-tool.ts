import type { CallToolResult, ServerContext } from '@modelcontextprotocol/server';
import type { Log } from '../log/log.ts';
import { checkInput } from '../operations/check-input.ts';
import type { CallContext } from '../operations/operation.ts';
import { toRefusal } from '../operations/refusal.ts';
import { untilAny } from '../until-any.ts';
import { chooseOperation, type Tool } from './tools.ts';

/**
 * Runs one call of a tool. It never throws: the message of a thrown error would reach the model word for word, and a
 * wrong request is something the model can mend, so both become results.
 */
export async function callTool(
  tool: Tool,
  given: Record<string, unknown>,
  call: ServerContext['mcpReq'],
  log: Log,
  stop?: AbortSignal,
): Promise<CallToolResult> {
  const progress = progressReporter(call);
  let name = tool.name;
  try {
    const { operation, input } = chooseOperation(tool, given);
    name = operation.name;
    const checked = checkInput(operation, input);
    const { signal, end } = untilAny(call.signal, ...(stop ? [stop] : []));
    const output = await operation
      .run(checked, { signal, door: 'mcp', ...(progress && { onProgress: progress.report }) })
      .finally(end);
    await progress?.flushed();
    return toResult(output as Record<string, unknown>);
  } catch (error) {
    await progress?.flushed();
    return { ...toResult(toRefusal(error, log, name)), isError: true };
  }
}

/** The structured content is the truth; the text is the same for clients that read only text. */
function toResult(content: object): CallToolResult {
  return {
    content: [{ type: 'text', text: JSON.stringify(content) }],
    structuredContent: content as Record<string, unknown>,
  };
}

interface ProgressReporter {
  readonly report: NonNullable<CallContext['onProgress']>;
  /** Progress must be over before the answer. */
  flushed(): Promise<void>;
}

/** null when the caller did not ask for progress: silence is then the rule of the protocol. */
function progressReporter(call: ServerContext['mcpReq']): ProgressReporter | null {
  const progressToken = call._meta?.progressToken;
  if (progressToken === undefined) return null;
  let last = Number.NEGATIVE_INFINITY;
  let sending: Promise<void> = Promise.resolve();
  return {
    report({ done, total, message }) {
      if (done <= last || call.signal.aborted) return;
      last = done;
      const params = { progressToken, progress: done, total, message };
      sending = sending
        .then(() => call.notify({ method: 'notifications/progress', params }))
        // The caller is gone. The work goes on without it.
        .catch(() => {});
    },
    flushed: () => sending,
  };
}
