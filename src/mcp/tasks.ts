import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type McpServer,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { TidingsError } from '../errors.ts';
import type { Log } from '../log/log.ts';
import type { Caller, Operation } from '../operations/operation.ts';
import { toRefusal } from '../operations/refusal.ts';
import { runOperation } from '../operations/run-operation.ts';
import type { SendResult, SendSummary } from '../operations/sends/send.schema.ts';
import { toResult } from './to-result.ts';

/** Calls that go on after their answer: the client asks for the end instead of waiting for it. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

const POLL_MS = 1_000;

/** Days may pass: who asked is told now, and the send goes on by itself. */
const WAITS_LONG: readonly string[] = ['template_approval', 'messaging_limit'];

/** Whether the client of this request can take a task for an answer; it says so with each, since 2026-07-28. */
export function takesTasks({ envelope }: ServerContext['mcpReq']): boolean {
  const capabilities = (envelope as Record<string, ClientCapabilities> | undefined)?.[
    CLIENT_CAPABILITIES_META_KEY
  ];
  return capabilities?.extensions?.[TASKS_EXTENSION] !== undefined;
}

/** The arguments of a call whose answer may be a task: it begins the send, and does not wait for it. */
export function withoutWaiting(
  operation: Operation,
  input: Record<string, unknown>,
): Record<string, unknown> {
  return operation.name === 'sendBulkMessages' ? { ...input, max_wait_seconds: 0 } : input;
}

type Run = (name: string, input: object) => Promise<Record<string, unknown>>;

/** Runs operations by name, for a caller. */
export function runnerFor(operations: readonly Operation[], caller: Caller): Run {
  return (name, input) => {
    const operation = operations.find((one) => one.name === name)!;
    return runOperation(operation, input, caller) as Promise<Record<string, unknown>>;
  };
}

/**
 * The task of a send that has begun and goes on: there is nothing to keep, it is the send. A call that has said all there
 * is to say has none.
 * @returns null: its answer is the end of it
 */
export async function taskOf(
  operation: Operation,
  output: Record<string, unknown>,
  run: Run,
): Promise<Record<string, unknown> | null> {
  if (operation.name !== 'sendBulkMessages' || !isGoingOn(output as SendResult)) return null;
  const send = (await run('sends.get', { send_id: output['send_id'] })) as SendSummary;
  return { resultType: 'task', ...about(send), status: 'working' };
}

function isGoingOn({
  success,
  state,
  waiting_for = [],
}: Pick<SendResult, 'success' | 'state' | 'waiting_for'>) {
  return success && state === 'running' && !waiting_for.some(({ what }) => WAITS_LONG.includes(what));
}

function about(send: SendSummary): Record<string, unknown> {
  const { total_sent, total_failed, total_skipped, total_remaining, waiting_for } = send;
  const counts = `${total_sent} sent, ${total_failed} failed, ${total_skipped} skipped, ${total_remaining} to go`;
  return {
    taskId: send.send_id,
    statusMessage: [counts, ...waiting_for.map(({ reason }) => reason)].join('. '),
    createdAt: send.created_at,
    lastUpdatedAt: send.completed_at ?? send.paused_since ?? new Date().toISOString(),
    // A send is kept.
    ttlMs: null,
    pollIntervalMs: POLL_MS,
  };
}

const taskParams = z.looseObject({ taskId: z.string().max(200) });

export interface TaskOptions {
  readonly operations: readonly Operation[];
  readonly log: Log;
  readonly callerOf: (context: ServerContext) => Caller;
}

/** `tasks/get`, `tasks/update` and `tasks/cancel`: sends.get, nothing, and sends.cancel by other names. */
export function addTasks({ server }: McpServer, { operations, log, callerOf }: TaskOptions): void {
  const handle = (method: string, answer: (send_id: string, run: Run) => Promise<Record<string, unknown>>) =>
    server.setRequestHandler(method, { params: taskParams }, async ({ taskId }, context) => {
      if (!takesTasks(context.mcpReq)) {
        const requiredCapabilities = { extensions: { [TASKS_EXTENSION]: {} } };
        throw new MissingRequiredClientCapabilityError({ requiredCapabilities });
      }
      try {
        return await answer(taskId, runnerFor(operations, callerOf(context)));
      } catch (error) {
        throw inProtocol(error, log, method);
      }
    });

  handle('tasks/get', async (send_id, run) => {
    const send = (await run('sends.get', { send_id })) as SendSummary & { readonly success: true };
    if (isGoingOn(send)) return { ...about(send), status: 'working' };
    if (send.state === 'cancelled') return { ...about(send), status: 'cancelled' };
    const result = toResult(await run('sends.watch', { send_id, max_wait_seconds: 0 }));
    return { ...about(send), status: 'completed', result: { resultType: 'complete', ...result } };
  });
  // It asks for nothing: whoever has to be asked was asked before there was a task.
  handle('tasks/update', async (send_id, run) => {
    await run('sends.get', { send_id });
    return {};
  });
  handle('tasks/cancel', async (send_id, run) => {
    await run('sends.cancel', { send_id }).catch((error: unknown) => {
      // It was over before: there is nothing to stop, and its end is there to be read.
      if (!(error instanceof TidingsError) || error.code !== 'conflict') throw error;
    });
    return {};
  });
}

const WRONG: readonly string[] = ['not_found', 'invalid_argument'];

function inProtocol(error: unknown, log: Log, method: string): ProtocolError {
  const { error: message, fix } = toRefusal(error, log, method);
  const code =
    error instanceof TidingsError && WRONG.includes(error.code) ? 'InvalidParams' : 'InternalError';
  return new ProtocolError(ProtocolErrorCode[code], [message, fix].filter(Boolean).join(' '));
}
