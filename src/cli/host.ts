import type { Environment } from '../environment/load-environment.ts';
import type { Tidings } from '../tidings.ts';
import type { Backup } from '../upkeep/backup/back-up.ts';
import type { ReachedAnswer, RestoredAnswer, RestoredChoice } from '../upkeep/backup/restored.ts';
import type { Check } from '../upkeep/doctor/check.ts';

/** What the command line needs of the process around it. */
export interface CliHost {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where `env` came from. */
  readonly environment: Environment;
  readonly version: string;
  /**
   * Opens the data folder; only commands that need it do. No command brings an older one up to date.
   * @param tell hears that it was made, or that there is none: it is then as if it were empty, and nothing is made.
   */
  open(opening: 'create' | 'existing', tell: (what: string) => void): Promise<Tidings>;
  /** `dispatch` false: answers callers, and leaves the sending to workers. */
  serve(options: { port?: number; host?: string; dispatch: boolean }): Promise<number>;
  /** Sends, and answers nobody. */
  work(): Promise<number>;
  mcp(): Promise<number>;
  backUp(file: string): Promise<Backup>;
  restored(choice: RestoredChoice): Promise<RestoredAnswer>;
  reached(logFile: string): Promise<ReachedAnswer>;
  doctor(): Promise<{ checks: Check[] }>;
  /** Of a message as it would leave, or of what a send would say to its first lead. */
  judge(message: { readonly raw: Buffer } | { readonly sendId: string }): Promise<{ checks: Check[] }>;
  /**
   * A server of its own: sandbox channels, a folder that goes away with it.
   * @param slow one more sandbox of email, which sends only what asks for it
   */
  openDemo(slow: { readonly id: string; readonly ratePerSecond: number }): Promise<{
    readonly tidings: Tidings;
    readonly url: string;
    /** The first WhatsApp messages that its number took. */
    readonly taken: readonly { readonly attemptId: string; readonly contact: string }[];
    close(): Promise<void>;
  }>;
}
