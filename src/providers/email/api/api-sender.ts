import type { Found, Outcome, Sender } from '../../../core/deliveries/sender.ts';
import { normalizeEmail } from '../../../core/leads/contact.ts';
import { messageFor } from '../../../core/messages/message.ts';
import type { Request } from '../../exchange.ts';
import type { Hidden } from '../../redact-secrets.ts';
import { compileMessage } from '../message/mime.ts';
import { needsSmtpUtf8, parseEmailFrom } from '../smtp/settings.ts';
import type { Answered, ApiLanguage } from './classify.ts';
import { type FileLimits, refuseFiles } from './file-limits.ts';
import { ApiLine } from './line.ts';
import type { Mail } from './mail.ts';
import type { ApiEndpoint, ApiOptions } from './settings.ts';

/** A provider of email by HTTP. */
export interface EmailApi extends ApiLanguage {
  /** As `SenderAbout.provider` has it. */
  readonly provider: string;
  readonly endpoint: ApiEndpoint;
  /** What of the account messages leave from, for the id of the sender: a region, a domain. No secret, no address. */
  readonly account?: string | undefined;
  /** Asked twice with the same words, it sends once: a lost answer is asked for again. */
  readonly isIdempotent?: true;
  /** What it takes of files, where that is less than others do. */
  readonly files?: FileLimits;
  request(mail: Mail): Omit<Request, 'mayLeave'>;
  /** To look at something of the account. */
  get(path: string): Omit<Request, 'mayLeave'>;
  /** Finds a message that it has by the attempt id that travelled with it. */
  readonly search?: {
    path(about: Sought): string;
    /** The message, from an answer with a status of 2xx; null: it is not there. */
    read(json: unknown, about: Sought): Found | null;
  };
  /** The provider's id of the message, from an answer with a status of 2xx; null: there is none in it. */
  accepted(json: unknown, answer: Answered): string | null;
  /** Many messages in one request, as a list of what {@link request} has as bodies. */
  readonly batch?: {
    /** Messages at most. */
    readonly size: number;
    readonly path: string;
    /** @param key the same for the same messages */
    headers(key: string): Readonly<Record<string, string>>;
    /** What became of each, from an answer with a status of 2xx; null: it does not say. */
    read(json: unknown, answer: Answered, count: number, hidden: readonly Hidden[]): Outcome[] | null;
  };
}

/** The message that is asked for. */
export interface Sought {
  readonly attemptId: string;
  readonly contact: string;
}

const NO_ADDRESS: Outcome = {
  type: 'skipped',
  code: 'invalid_email',
  message: 'This is not an address that mail can be sent to.',
};
/** Providers refuse such an address, or garble it. */
const NOT_ASCII: Outcome = {
  type: 'skipped',
  code: 'smtputf8_unsupported',
  message: 'The address has letters beyond ASCII before the @, and the provider takes none.',
};
const SMALLEST_WINDOW = 16;
const LARGEST_WINDOW = 64;
/** Five requests of a hundred messages. */
const LARGEST_BATCH_WINDOW = 500;
const ASK_AGAIN_MS = [500, 2_000];

/**
 * Email by the API of a provider: one request for each message, or for many where it takes many. Opens no connection before the first one.
 * @throws TidingsError `configuration` when an option cannot be used.
 */
export function createApiSender(api: EmailApi, options: ApiOptions): Sender {
  const from = parseEmailFrom(options.from);
  const { ratePerSecond, identity, askAgainMs = ASK_AGAIN_MS } = options;
  const windowSize = windowFor(ratePerSecond, api.batch ? LARGEST_BATCH_WINDOW : LARGEST_WINDOW);
  const line = new ApiLine(api, windowSize, askAgainMs);
  return {
    about: {
      id: [api.provider.replace('email-', ''), api.account, from.domain].filter(Boolean).join(':'),
      channel: 'email',
      provider: api.provider,
      mode: 'live',
      ratePerSecond,
      windowSize,
    },
    prepare(given, send) {
      const email = messageFor('email', given);
      const message = compileMessage(email, from, identity, send, !api.files?.noInline);
      refuseFiles(api, message.attachments);
      const sender = { name: message.fromName, address: from.address };
      return {
        async deliver(recipient, attempt) {
          const read = normalizeEmail(recipient.contact);
          if (!read.ok) return NO_ADDRESS;
          const to = read.value;
          if (needsSmtpUtf8(to)) return NOT_ASCII;
          const mail: Mail = {
            from: sender,
            replyTo: identity?.replyTo ?? null,
            to,
            attemptId: attempt.attemptId,
            hasAttachments: message.attachments.length > 0,
            parts: () => message.parts(recipient, attempt),
            mime: () => message.render(recipient, to, attempt),
          };
          return line.send(mail, attempt.mayLeave);
        },
        warnings: () => message.warnings(),
        preview: (recipient) => ({
          from: message.from,
          to: recipient.contact,
          ...message.preview(recipient),
        }),
      };
    },
    ...(api.search && {
      async find(about: Sought) {
        const json = await line.look(api.search!.path(about));
        return json === undefined ? 'not_told' : (api.search!.read(json, about) ?? 'not_there');
      },
    }),
    close: (waitMs) => line.close(waitMs),
  };
}

/** Enough to keep the rate while an answer takes a second; few enough to settle by hand after a kill. */
function windowFor(ratePerSecond: number | null, largest: number): number {
  if (ratePerSecond === null) return largest;
  return Math.min(Math.max(Math.ceil(ratePerSecond), SMALLEST_WINDOW), largest);
}

/** A short text in an answer; null where there is none. */
export function idIn(json: unknown, name: string): string | null {
  const found = typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[name] : null;
  return typeof found === 'string' && /^[!-~]{1,300}$/.test(found) ? found : null;
}
