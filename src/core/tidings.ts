import type { ImportReport } from './leads/lead.schema.ts';
import type { Operation } from './operation.ts';

/** The whole product behind any door: HTTP, MCP and the command line are given this and nothing else. */
export interface Tidings {
  readonly operations: readonly Operation[];
  /** `sandbox` until a provider is configured, for each channel. */
  readonly modes: { readonly email: 'sandbox' | 'live'; readonly whatsapp: 'sandbox' | 'live' };
  /** The streaming form of `leads.import`, for files of any size. */
  importCsv(input: AsyncIterable<Uint8Array>, options?: ImportOptions): Promise<ImportReport>;
  readonly dispatcher: DispatcherControl;
  /** Asks the database a question; rejects when it cannot answer. */
  ping(): Promise<void>;
  /** Drains the dispatcher, closes channels and files. */
  close(): Promise<void>;
}

export interface ImportOptions {
  readonly onProgress?: (progress: { bytes: number; rows: number }) => void;
  /** Receives the text of the rejects CSV, line by line; called only when there are rejects. */
  readonly onRejectsCsv?: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface DispatcherControl {
  /** There is something new to send: whoever sends looks at once. */
  wake(): void;
  /** Starts competing for the right to send; returns at once. */
  start(): void;
  /**
   * Stops claiming, waits for what is in flight (at most `maxMs`, then the lines are cut), gives the right to send back.
   * `inDoubt`: how many outcomes are unknown because their answers were not awaited; `left`: how many messages of running sends are still to be sent, null
   * when the ledger cannot be read.
   */
  stop(maxMs?: number): Promise<{ readonly inDoubt: number; readonly left: number | null }>;
}
