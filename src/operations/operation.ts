import type * as z from 'zod';
import type { ImportOptions } from '../core/leads/import-csv.ts';
import type { Words } from '../words.ts';

/** What calling an operation can do to the world: reading, changing what is stored, or messaging people. */
export type Effect = 'read' | 'write' | 'send';

/** Who calls: by which door, with which key (null: none was asked for), and in which words that door answers. */
export interface Caller {
  readonly door: 'mcp' | 'http' | 'cli';
  readonly key: string | null;
  readonly words: Words;
}

/** Given by the door, for operations that watch something long. */
export interface CallContext {
  /** Aborted when the caller is gone; the work it started goes on. */
  readonly signal?: AbortSignal;
  /** Called with strictly growing `done` while a send is watched. */
  readonly onProgress?: (progress: { done: number; total: number; message: string }) => void;
}

/** What an operation is told of its call. */
export type Call = CallContext & { readonly caller: Caller };

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
  /** It answers a CSV in pages (`csv`, `next_cursor`): HTTP gives it whole to whoever accepts `text/csv`, as a stream. */
  readonly isCsv?: true;
  /** The whole of what `run` gives in part, as a CSV of any size: HTTP gives that, unless JSON or a page is asked for. */
  download?(input: z.output<Input>, call: Call): AsyncGenerator<string>;
  /** Called by `runOperation` only. */
  run(input: z.output<Input>, call: Call): Promise<z.output<Output>>;
  /** The same with a file of any size as a stream, beside the rest of the input. */
  upload?(
    bytes: AsyncIterable<Uint8Array>,
    input: z.output<Input>,
    call: ImportOptions & Pick<Call, 'caller'>,
  ): Promise<z.output<Output>>;
}

/** Keeps the types of input and output tied while an operation is written down. */
export function operation<Input extends z.ZodObject, Output extends z.ZodType>(
  definition: Operation<Input, Output>,
): Operation {
  return definition as unknown as Operation;
}
