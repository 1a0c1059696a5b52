import type { CallToolResult, InputRequiredResult, ServerContext } from '@modelcontextprotocol/server';
import { TidingsError } from '../errors.ts';
import type { Log } from '../log/log.ts';
import { FormNeeded } from '../operations/form.ts';
import type { CallContext, Caller, Operation } from '../operations/operation.ts';
import { toRefusal } from '../operations/refusal.ts';
import { runOperation } from '../operations/run-operation.ts';
import { untilAny } from '../until-any.ts';
import { readForm, toInputRequired } from './person-form.ts';
import { runnerFor, takesTasks, taskOf, withoutWaiting } from './tasks.ts';
import { toResult } from './to-result.ts';
import { chooseOperation, type Tool } from './tools.ts';

export interface ToolCall {
  readonly caller: Caller;
  readonly call: ServerContext['mcpReq'];
  readonly operations: readonly Operation[];
  readonly log: Log;
  readonly stop?: AbortSignal | undefined;
  readonly canShowForm?: boolean;
}

/**
 * Runs one call of a tool. It never throws: the message of a thrown error would reach the model word for word, and a
 * wrong request is something the model can mend, so both become results.
 */
export async function callTool(
  tool: Tool,
  given: Record<string, unknown>,
  { caller, call, operations, log, stop, canShowForm }: ToolCall,
): Promise<CallToolResult | InputRequiredResult> {
  const progress = progressReporter(call);
  let name = tool.name;
  try {
    const { operation, input } = chooseOperation(tool, given);
    name = operation.name;
    const { signal, end } = untilAny(call.signal, ...(stop ? [stop] : []));
    const mayBeTask = takesTasks(call);
    const output = (await runOperation(
      operation,
      mayBeTask ? withoutWaiting(operation, input) : input,
      caller,
      {
        signal,
        ...(canShowForm && { form: { answer: readForm(call) } }),
        ...(progress && { onProgress: progress.report }),
      },
    ).finally(end)) as Record<string, unknown>;
    await progress?.flushed();
    const task = mayBeTask ? await taskOf(operation, output, runnerFor(operations, caller)) : null;
    return { ...toResult(output), ...task };
  } catch (error) {
    await progress?.flushed();
    if (error instanceof FormNeeded) return toInputRequired(error);
    return {
      ...toResult(toRefusal(error instanceof TidingsError ? error.in(caller.words) : error, log, name)),
      isError: true,
    };
  }
}

interface ProgressReporter {
  readonly report: NonNullable<CallContext['onProgress']>;
  /** Progress must be over before the answer. */
  flushed(): Promise<void>;
}

/** Clients give a call up that says nothing for a minute, some sooner. */
const BEAT_MS = 10_000;
/** Progress has to grow; so little of it is no message. */
const BEAT_STEP = 0.0001;

/** null when the caller did not ask for progress: silence is then the rule of the protocol. */
function progressReporter(call: ServerContext['mcpReq']): ProgressReporter | null {
  const progressToken = call._meta?.progressToken;
  if (progressToken === undefined) return null;
  let last = { done: Number.NEGATIVE_INFINITY, total: undefined as number | undefined, message: 'Working' };
  let sending: Promise<void> = Promise.resolve();
  const report = (progress: { done: number; total: number | undefined; message: string }) => {
    if (progress.done <= last.done || call.signal.aborted) return;
    last = progress;
    beat.refresh();
    const { done, total, message } = progress;
    const params = { progressToken, progress: done, ...(total !== undefined && { total }), message };
    sending = sending
      .then(() => call.notify({ method: 'notifications/progress', params }))
      // The caller is gone. The work goes on without it.
      .catch(() => {});
  };
  const beat = setInterval(() => report({ ...last, done: Math.max(last.done, 0) + BEAT_STEP }), BEAT_MS);
  return {
    report,
    flushed() {
      clearInterval(beat);
      return sending;
    },
  };
}
