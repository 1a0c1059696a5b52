import type * as z from 'zod';
import type { Principal } from '../core/access/principal.ts';
import type { Effect } from '../core/access/role.ts';
import type { ImportOptions } from '../core/leads/import-csv.ts';
import type { Words } from '../words.ts';
import type { Form } from './form.ts';

export type { Effect };

/** Who calls: by which door, and in which words that door answers. */
export interface Caller {
  readonly door: 'mcp' | 'http' | 'cli';
  readonly principal: Principal;
  /** The program that it calls with, as that names itself; null: it did not. */
  readonly client: string | null;
  readonly words: Words;
}

/** Given by the door, for operations that watch something long. */
export interface CallContext {
  /** Aborted when the caller is gone; the work it started goes on. */
  readonly signal?: AbortSignal;
  /** Called with strictly growing `done` while a send is watched. */
  readonly onProgress?: (progress: { done: number; total: number; message: string }) => void;
  /** The program that calls can ask its person. */
  readonly form?: Form;
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
  /** Only for somebody who signed in or sits at the machine, whatever a key may: it would let a program pass for a person. */
  readonly isForPersons?: true;
  /** Who may only write may ask for it: nothing leaves before a person has approved it. */
  readonly isForAuthors?: true;
  /** `METHOD /path/{parameter}` under `/api`; parameters are input keys, the rest is query (GET, DELETE) or JSON body. */
  readonly route: string;
  /** Cheap at any size, and asked for by ids and states only: `/api/live` repeats it for whoever looks on. */
  readonly isLive?: true;
  /** It waits for others, and holds next to nothing meanwhile: reads take turns, and it takes none. */
  readonly isOutward?: true;
  /** It answers a CSV in pages (`csv`, `next_cursor`): HTTP gives it whole to whoever accepts `text/csv`, as a stream. */
  readonly isCsv?: true;
  /** The whole of what `run` gives in part, as a CSV of any size: HTTP gives that, unless JSON or a page is asked for. */
  download?(input: z.output<Input>, call: Call): AsyncGenerator<string>;
  /** Keeps that somebody was refused for who they are. Called by `runOperation` only. */
  noteRefusal?(caller: Caller, code: string): Promise<void>;
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
