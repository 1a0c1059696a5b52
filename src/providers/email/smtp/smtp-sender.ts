import { createHash } from 'node:crypto';
import type { Outcome, Sender } from '../../../core/deliveries/sender.ts';
import { normalizeEmail } from '../../../core/leads/contact.ts';
import { messageFor } from '../../../core/messages/message.ts';
import { TidingsError } from '../../../errors.ts';
import type { Log } from '../../../log/log.ts';
import type { BounceAddresses } from '../bounces/bounce-address.ts';
import { compileMessage } from '../message/mime.ts';
import { DEFAULT_TIMEOUTS, type SmtpTimeouts } from './connect.ts';
import { ifEverybody } from './if-everybody.ts';
import { SmtpPool } from './pool.ts';
import { needsSmtpUtf8, parseEmailFrom, parseSmtpUrl, type Relay } from './settings.ts';

export { checkConnection, type SmtpTimeouts } from './connect.ts';

export interface SmtpSenderOptions {
  /** `SMTP_URL`: `smtp://` or `smtps://`, with user and password; `?tls=off` for a plain local server. */
  readonly url: string;
  /** `EMAIL_FROM`: `Name <address>`; the address is the envelope sender as well, without `bounces`. */
  readonly from: string;
  /** `SMTP_RATE`: messages a second; null for no limit. */
  readonly ratePerSecond: number | null;
  /** `SMTP_CONNECTIONS`: most sessions with the relay at once. Default 10. */
  readonly connections?: number | undefined;
  /** Addresses of `BOUNCE_DOMAIN`; without them mail comes back to `from`. */
  readonly bounces?: BounceAddresses | undefined;
  readonly timeouts?: Partial<SmtpTimeouts> | undefined;
  /** A certificate (PEM) to trust instead of the well-known ones. */
  readonly ca?: string | undefined;
  readonly log?: Log | undefined;
}

const NO_ADDRESS: Outcome = {
  type: 'skipped',
  code: 'invalid_email',
  message: 'This is not an address that mail can be sent to.',
};

/**
 * Email over any SMTP relay. Opens no connection before the first message.
 * @throws TidingsError `configuration` when `SMTP_URL`, `EMAIL_FROM` or `SMTP_CONNECTIONS` cannot be used.
 */
export function createSmtpSender(options: SmtpSenderOptions): Sender {
  const relay = parseSmtpUrl(options.url);
  const from = parseEmailFrom(options.from);
  const connections = options.connections ?? 10;
  if (!Number.isInteger(connections) || connections < 1) {
    throw new TidingsError(
      'configuration',
      `SMTP_CONNECTIONS is ${connections}, not a whole number from 1 up.`,
      {
        fix: 'Leave SMTP_CONNECTIONS out for 10, or set it to what your relay allows.',
      },
    );
  }
  const { bounces } = options;
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const pool = new SmtpPool({ relay, timeouts, ca: options.ca }, connections, options.log);
  return {
    about: {
      id: senderId(relay),
      channel: 'email',
      provider: 'email-smtp',
      mode: 'live',
      ratePerSecond: options.ratePerSecond,
      // For each session one message on its way, one that waits for it, and two whose results are being written down.
      windowSize: connections * 4,
    },
    ifEverybodyIsRefused: ifEverybody,
    prepare(given) {
      const message = compileMessage(messageFor('email', given), from);
      return {
        async deliver(recipient, attempt) {
          const read = normalizeEmail(recipient.contact);
          if (!read.ok) return NO_ADDRESS;
          const to = read.value;
          const failure = await pool.send({
            from: bounces?.of(attempt.attemptId) ?? from.address,
            to,
            render: () => message.render(recipient, to, attempt),
            needsSmtpUtf8: needsSmtpUtf8(to),
            mayLeave: attempt.mayLeave,
          });
          if (failure) return failure;
          return { type: 'accepted', providerMessageId: message.messageId(attempt) };
        },
        preview: (recipient) => ({
          from: message.from,
          to: recipient.contact,
          subject: message.subject(recipient),
          text: message.text(recipient),
        }),
      };
    },
    close: (waitMs) => pool.close(waitMs),
  };
}

/** Two logins at one relay have two rates and two reputations. A login is often an address, so the id has a hash of it. */
function senderId({ host, port, auth }: Relay): string {
  const login = auth ? `#${createHash('sha256').update(auth.user).digest('hex').slice(0, 8)}` : '';
  return `smtp:${host}:${port}${login}`;
}
