import type * as z from 'zod';

/** What calling an operation can do to the world: reading, changing what is stored, or messaging people. */
export type Effect = 'read' | 'write' | 'send';

export type Door = 'mcp' | 'rest' | 'cli';

/** Given by the door, for operations that watch something long, or ask who is calling. */
export interface CallContext {
  /** Where the call came in; only the command line is taken for a person. Absent: from within. */
  readonly door?: Door;
  /** Aborted when the caller is gone; the work it started goes on. */
  readonly signal?: AbortSignal;
  /** Called with strictly growing `done` while a send is watched. */
  readonly onProgress?: (progress: { done: number; total: number; message: string }) => void;
}

/**
 * One thing a caller may do. MCP tools, REST routes with their OpenAPI page and CLI commands are made from it, so no
 * door can do what the catalogue lacks.
 */
export interface Operation<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> {
  /** `noun.verb`, for example `audience.create` or `sendBulkMessages`. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  readonly input: Input;
  readonly output: Output;
  readonly effect: Effect;
  /** `METHOD /path/{parameter}` under `/api`; parameters are input keys, the rest is query (GET, DELETE) or JSON body. */
  readonly route: string;
  run(input: z.output<Input>, context: CallContext): Promise<z.output<Output>>;
}

/** Keeps the types of input and output tied while an operation is written down. */
export function operation<Input extends z.ZodObject, Output extends z.ZodType>(
  definition: Operation<Input, Output>,
): Operation {
  return definition as unknown as Operation;
}
