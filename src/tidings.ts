import type { DispatcherControl } from './core/dispatch/dispatcher-control.ts';
import type { Operation } from './operations/operation.ts';
import type { Health } from './upkeep/health.ts';

/** The whole product behind any door: HTTP, MCP and the command line are given this and nothing else. */
export interface Tidings {
  readonly operations: readonly Operation[];
  /** `sandbox` until a provider is configured, for each channel. */
  readonly modes: { readonly email: 'sandbox' | 'live'; readonly whatsapp: 'sandbox' | 'live' };
  readonly dispatcher: DispatcherControl;
  readonly health: Health;
  /** Takes in mail that comes back, where `BOUNCE_LISTEN` says; by the port, or null when it says nothing. */
  hearBounces(): Promise<number | null>;
  /** Drains the dispatcher, closes senders and files. */
  close(): Promise<void>;
}
