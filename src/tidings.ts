import type { ChannelName, Outcome } from './core/deliveries/sender.ts';
import type { ImportReport } from './core/leads/lead.schema.ts';
import type { Dialect } from './ledger/ledger.ts';
import type { Timings } from './ledger/timings.ts';
import type { Operation } from './operations/operation.ts';

/** The whole product behind any door: HTTP, MCP and the command line are given this and nothing else. */
export interface Tidings {
  readonly operations: readonly Operation[];
  /** `sandbox` until a provider is configured, for each channel. */
  readonly modes: { readonly email: 'sandbox' | 'live'; readonly whatsapp: 'sandbox' | 'live' };
  /** The streaming form of `leads.import`, for files of any size. */
  importCsv(input: AsyncIterable<Uint8Array>, options?: ImportOptions): Promise<ImportReport>;
  readonly dispatcher: DispatcherControl;
  readonly operating: Operating;
  /** Drains the dispatcher, closes channels and files. */
  close(): Promise<void>;
}

/** Done once a minute by whoever sends: what the log says when it fails, and the work. */
export type Chore = readonly [fault: string, work: () => Promise<unknown>];

export interface ImportOptions {
  readonly onProgress?: (progress: { bytes: number; rows: number }) => void;
  /** Receives the text of the rejects CSV, line by line; called only when there are rejects. */
  readonly onRejectsCsv?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** For those who run it: nothing of it is a caller's business, and nothing of it names a person. */
export interface Operating {
  /** Asks the database a question; rejects when it cannot answer, or not in time. */
  ping(): Promise<void>;
  /** Why no work should come to this process, in a sentence; null: it is ready. Answers within seconds. */
  whyNotReady(): Promise<string | null>;
  /** Read from the ledger; not for every second. */
  countSends(): Promise<readonly SendCount[]>;
  readonly database: { readonly dialect: Dialect; readonly reads: Timings; readonly writes: Timings };
}

/** All sends of one channel, mode and state. */
export interface SendCount {
  readonly channel: ChannelName;
  readonly mode: 'sandbox' | 'live';
  readonly state: string;
  readonly sends: number;
  /** Messages that have not been claimed, or wait to be tried again; 0 for sends that are over. */
  readonly waiting: number;
}

/** How one sender is doing in this process: numbers that cost nothing to keep. */
export interface SenderState {
  readonly channel: ChannelName;
  readonly mode: 'sandbox' | 'live';
  /** Attempts that have ended in this process, by outcome. */
  readonly outcomes: Readonly<Record<Outcome['type'], number>>;
  readonly inFlight: number;
  readonly windowSize: number;
  /** Messages a second at most, all processes together; infinite: no limit is known. */
  readonly ratePerSecond: number;
  /** How many this process could send at once, as far as the rate goes; infinite: no limit is known. */
  readonly bucketLevel: number;
  /** Whether this process has the right to send. */
  readonly maySend: boolean;
}

export interface DispatcherControl {
  /** There is something new to send: whoever sends looks at once. */
  wake(): void;
  /** For each channel. */
  senders(): readonly SenderState[];
  /** True from the moment it was told to stop. */
  readonly isStopping: boolean;
  /** Starts competing for the right to send; returns at once. */
  start(): void;
  /**
   * Stops claiming, waits for what is in flight (at most `maxMs`, then the lines are cut), gives the right to send back.
   * `inDoubt`: how many outcomes are unknown because their answers were not awaited; `left`: how many messages of running sends are still to be sent, null
   * when the ledger cannot be read.
   */
  stop(maxMs?: number): Promise<{ readonly inDoubt: number; readonly left: number | null }>;
}
