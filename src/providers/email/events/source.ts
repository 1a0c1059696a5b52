import type { ProviderEvent } from '../../../core/events/event.ts';
import type { EventSource, RawRequest, Received } from '../../../core/events/event-source.ts';

/** How the webhook of one provider works. */
export interface EmailWebhook {
  /** Below `/webhooks/email/`. */
  readonly name: string;
  /** The variable without which nobody can tell who calls; and what to set it to. */
  readonly variable: string;
  readonly where: string;
  /** null: the variable is not set, and the webhook is closed. */
  readonly isGenuine: ((request: RawRequest, receivedAt: number) => boolean) | null;
  /** Never throws. */
  read(body: unknown, request: RawRequest, receivedAt: number): ProviderEvent[];
}

/** `POST /webhooks/email/NAME`. */
export function createSource(webhook: EmailWebhook): EventSource {
  const { name, isGenuine } = webhook;
  return {
    path: `email/${name}`,
    receive(request) {
      if (isGenuine === null) return closed(webhook);
      const receivedAt = Date.now();
      if (request.method !== 'POST' || !isGenuine(request, receivedAt)) return notGenuine(webhook);
      return { events: webhook.read(parse(request.rawBody), request, receivedAt) };
    },
  };
}

export function closed({ variable, where }: Pick<EmailWebhook, 'variable' | 'where'>): Received {
  return {
    refuse: 'forbidden',
    error: `This webhook is closed: without ${variable} nobody can tell who calls it.`,
    fix: `Set ${variable} to ${where}, and start again.`,
  };
}

export function notGenuine({ variable, where }: Pick<EmailWebhook, 'variable' | 'where'>): Received {
  return {
    refuse: 'unauthorized',
    error: 'This is not signed by the provider that this server knows, or too old.',
    fix: `${variable} has to be ${where}; nothing on the way may change the body.`,
  };
}

/** null: it is no JSON. */
export function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}

/** One that cannot be read is something unknown, and the others count. */
export function safely(read: () => ProviderEvent[], otherwise: () => ProviderEvent): ProviderEvent[] {
  try {
    return read();
  } catch {
    return [otherwise()];
  }
}
