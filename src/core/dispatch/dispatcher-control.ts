import type { ChannelName } from '../channel.ts';
import type { Outcome } from '../deliveries/sender.ts';

/** How one sender is doing in this process: numbers that cost nothing to keep. */
export interface SenderState {
  /** Its id. */
  readonly sender: string;
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
  /** One for each. */
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
