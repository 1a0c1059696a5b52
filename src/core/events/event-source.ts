import type { ProviderEvent } from './event.ts';

/** A request of a provider, as it came: signatures are of these very bytes. */
export interface RawRequest {
  readonly method: string;
  /** The path and the query, without the host. */
  readonly url: string;
  /** Name in small letters → value. */
  readonly headers: Readonly<Record<string, string>>;
  readonly rawBody: Buffer;
}

export type Received =
  /** Genuine: the events are written down before the answer leaves. */
  | {
      readonly events: readonly ProviderEvent[];
      readonly reply?: { readonly contentType: string; readonly body: string };
    }
  /** Not from the provider, or nobody can tell: nothing of it is kept. */
  | {
      readonly refuse: 'unauthorized' | 'forbidden' | 'invalid_argument';
      readonly error: string;
      readonly fix?: string;
    };

/** Where a provider tells what became of messages. It knows neither leads, sends nor the ledger. */
export interface EventSource {
  /** Below `/webhooks/`, such as `whatsapp`. */
  readonly path: string;
  /**
   * Verifies in the provider's own way, in constant time and before it parses; then reads. Never throws for what a stranger
   * sent: one item that cannot be read is an `unknown` event, and the others count.
   */
  receive(request: RawRequest): Received | Promise<Received>;
}
