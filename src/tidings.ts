import type { Access } from './core/access/access.ts';
import type { OAuthServer } from './core/access/oauth/oauth-server.ts';
import type { SignIn } from './core/access/sign-in.ts';
import type { DispatcherControl } from './core/dispatch/dispatcher-control.ts';
import type { ProviderEvent } from './core/events/event.ts';
import type { EventSource } from './core/events/event-source.ts';
import type { Operation } from './operations/operation.ts';
import type { Clicks } from './providers/email/clicks/clicks.ts';
import type { Unsubscribes } from './providers/email/unsubscribe/unsubscribes.ts';
import type { Health } from './upkeep/health.ts';

/** The whole product behind any door: HTTP, MCP and the command line are given this and nothing else. */
export interface Tidings {
  readonly operations: readonly Operation[];
  /** Who calls. */
  readonly access: Access;
  readonly signIn: SignIn;
  /** Apps that people connect. */
  readonly apps: OAuthServer;
  /** `sandbox` until a provider is configured, for each channel. */
  readonly modes: { readonly email: 'sandbox' | 'live'; readonly whatsapp: 'sandbox' | 'live' };
  readonly dispatcher: DispatcherControl;
  readonly health: Health;
  /** What the links to unsubscribe in emails do. */
  readonly unsubscribes: Pick<Unsubscribes, 'sender' | 'find' | 'leave' | 'undo'>;
  /** Where the links of emails lead that are counted. */
  readonly clicks: Pick<Clicks, 'follow'>;
  /** Where providers tell what became of messages. */
  readonly webhooks: {
    readonly sources: readonly EventSource[];
    /** Resolves when it is on disk. */
    take(events: readonly ProviderEvent[]): Promise<void>;
  };
  /** Takes in mail that comes back, where `BOUNCE_LISTEN` (its port is returned, else null) and `BOUNCE_MAILBOX_URL` say. */
  hearBounces(): Promise<number | null>;
  /** Drains the dispatcher, closes senders and files. */
  close(): Promise<void>;
}
