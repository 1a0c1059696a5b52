import type { ChannelName } from '../channel.ts';
import type { MergeValues } from '../leads/lead.ts';
import type { Message } from '../messages/message.ts';
import type { SuppressionReason } from '../suppressions/suppression.ts';
import type { TemplateAccount } from '../templates/template-account.ts';

/**
 * What became of one attempt, as a value. `code` is a stable machine word (`smtp_550`, `whatsapp_131026`,
 * `ECONNREFUSED`), `message` one sentence of ours for a person, `said` the provider's own words, which are never part of
 * it; none of them holds an address or a secret.
 */
export type Outcome = Result & { readonly said?: string };

type Result =
  /** The provider took responsibility: SMTP 250 after the final dot, or a message id. */
  | { readonly type: 'accepted'; readonly providerMessageId: string }
  /** Certainly not sent, may work later. Scope `sender`: the relay itself is out of reach; it burns no attempt. */
  | {
      readonly type: 'transient';
      readonly scope: 'recipient' | 'sender';
      readonly code: string;
      readonly message: string;
      readonly retryAfterMs?: number;
      /** Still the same at this try: then it does not pass, and the lead is failed. */
      readonly mostTries?: number;
    }
  /** Certainly not sent: too fast, for the whole sender, this recipient's domain, or this recipient only. */
  | {
      readonly type: 'throttled';
      readonly scope: 'sender' | 'domain' | 'recipient';
      readonly code: string;
      readonly message: string;
      readonly retryAfterMs?: number;
    }
  /** This lead will not get it. `breaker`: the same code many times in a row means the message itself is wrong. */
  | {
      readonly type: 'permanent';
      readonly code: string;
      readonly message: string;
      readonly suppress?: SuppressionReason;
      /** Of an opt-out: from marketing alone. Default: from everything over the channel. */
      readonly scope?: 'marketing';
      readonly breaker?: boolean;
      /** The provider holds marketing back for this contact: none goes to them for a day. */
      readonly heldBack?: true;
    }
  /** This lead cannot be served by this sender as it is (no SMTPUTF8 on the way): not a failure of the attempt. */
  | { readonly type: 'skipped'; readonly code: string; readonly message: string }
  /** Certainly not sent, and no other lead of this send would fare better: template paused, message refused. */
  | { readonly type: 'stop_send'; readonly code: string; readonly message: string }
  /** Certainly not sent, and nothing can leave from this sender until a person mends it: credentials, lock, billing. */
  | { readonly type: 'account'; readonly code: string; readonly message: string }
  /**
   * Certainly not sent: this contact takes nothing but a template now, whatever is known of when they wrote. Only of a
   * message that has one, and went as text.
   */
  | { readonly type: 'window_closed'; readonly code: string; readonly message: string }
  /**
   * Certainly not sent, and nobody gets it by this template for now: it is asked for before another one leaves.
   * `UNKNOWN`: it may be gone, or have other slots than it had.
   */
  | {
      readonly type: 'template_off';
      readonly status: 'PAUSED' | 'DISABLED' | 'UNKNOWN';
      readonly code: string;
      readonly message: string;
    }
  /** The message may or may not have left. Never sent again on its own. */
  | { readonly type: 'uncertain'; readonly code: string; readonly message: string };

export interface Recipient {
  /** Where it goes, normalised: a lower-case-domain email address, or an E.164 phone number with its `+`. */
  readonly contact: string;
  readonly values: MergeValues;
  /** By the template of the message; without it, as text. */
  readonly byTemplate?: boolean;
}

export interface Attempt {
  /** The same for every attempt at this delivery: safe in a header, at most 64 of `[a-z0-9.-]`. */
  readonly deliveryId: string;
  /** Fresh for each attempt, at most 80 of `[a-z0-9.-]`; begins with the delivery id. */
  readonly attemptId: string;
  /**
   * To be asked in the last instant before the message leaves: false once this process stalled for so long that
   * another one may have taken over, or has given the attempt up. Then nothing must leave: {@link STALLED}. Whoever was
   * not told "yes" has certainly not sent: a fault before that leaves nobody in doubt.
   */
  readonly mayLeave: () => boolean;
}

/** The outcome of an attempt that was given up before anything left. */
export const STALLED = {
  type: 'transient',
  scope: 'sender',
  code: 'process_stalled',
  message: 'This process stalled and may have lost its right to send; nothing was sent.',
} as const satisfies Outcome;

/** One recipient's message as it would arrive. */
export interface Preview {
  readonly from: string | null;
  readonly to: string;
  readonly subject: string | null;
  readonly text: string;
  readonly html?: string;
}

/** What a provider can tell of a message beside its text: none of it reaches the reader as it stands. */
export interface SendAbout {
  readonly campaign: string;
  /** UUID. */
  readonly audience_id: string;
}

export interface PreparedMessage {
  /** Never rejects for something expected: every way a provider can answer is an {@link Outcome}. */
  deliver(recipient: Recipient, attempt: Attempt): Promise<Outcome>;
  preview(recipient: Recipient): Preview;
  /** What is worth a word before it is sent to many; sentences. */
  warnings?(): string[];
}

/** The account or number that messages leave from; it owns the rate. */
export interface SenderAbout {
  /** Stable name without secrets or addresses, for example `smtp:mail.example.com:587` or `whatsapp:1234567890`. */
  readonly id: string;
  readonly channel: ChannelName;
  /** `sandbox`, `email-smtp`, `whatsapp-cloud`, … */
  readonly provider: string;
  /** What is tried out in the sandbox never counts as sent, and is nobody else's business. */
  readonly mode: 'sandbox' | 'live';
  /** Messages a second; null: no limit of its own. */
  readonly ratePerSecond: number | null;
  /** Most deliveries in flight at once: also the most whose outcome a kill can leave unknown. */
  readonly windowSize: number;
}

/** A message that a provider has. */
export interface Found {
  readonly providerMessageId: string;
  /** When it took it, milliseconds since 1970. */
  readonly at: number;
}

/** One way out. A sender knows nothing of leads, audiences, sends or the ledger. */
export interface Sender {
  readonly about: SenderAbout;
  /** Compiles once for each revision of a send. Throws a TidingsError when this sender cannot carry it. */
  prepare(message: Message, send?: SendAbout): PreparedMessage;
  /**
   * Lets what is in flight finish, for at most `waitMs` (default: as long as it takes), and gives back every socket.
   * Whatever is in flight then is given up, and has its outcome at once.
   */
  close(waitMs?: number): Promise<void>;
  /**
   * Where the provider can be asked: the message of an attempt whose outcome is unknown. It sends nothing and never rejects.
   * `not_there`: not found, which proves nothing; `not_told`: the provider does not answer now.
   */
  readonly find?: (about: {
    readonly attemptId: string;
    readonly contact: string;
  }) => Promise<Found | 'not_there' | 'not_told'>;
  /** Where nobody is written to first without an approved wording; without it everybody gets the text. */
  readonly account?: TemplateAccount;
  /** What it means, and the way out, when everybody is refused like this: then it is about the sender. A sentence. */
  readonly ifEverybodyIsRefused?: (refusal: {
    readonly code: string;
    readonly message: string;
    readonly said?: string;
  }) => string;
}
