import { createHash } from 'node:crypto';
import type { Outcome, Sender } from '../../../core/deliveries/sender.ts';
import { normalizeEmail } from '../../../core/leads/contact.ts';
import { messageFor } from '../../../core/messages/message.ts';
import { TidingsError } from '../../../errors.ts';
import type { Log } from '../../../log/log.ts';
import type { BounceAddresses } from '../bounces/bounce-address.ts';
import { type DkimConfig, readDkimKeys } from '../dkim/dkim-settings.ts';
import { DkimSigner } from '../dkim/signer.ts';
import type { EmailIdentity } from '../message/identity.ts';
import { compileMessage } from '../message/mime.ts';
import { DEFAULT_TIMEOUTS, relayOf, type SmtpTimeouts } from './connect.ts';
import { ifEverybody } from './if-everybody.ts';
import type { OAuthConfig } from './oauth/oauth-settings.ts';
import { CLOSED, SmtpPool } from './pool.ts';
import { needsSmtpUtf8, parseEmailFrom, type Relay } from './settings.ts';

export { checkConnection, type SmtpTimeouts } from './connect.ts';

export interface SmtpSenderOptions {
  /** `SMTP_URL`: `smtp://` or `smtps://`, with user and password; `?tls=off` for a plain local server. */
  readonly url: string;
  /** The `SMTP_OAUTH_` variables, in place of a password. */
  readonly oauth?: OAuthConfig | null | undefined;
  /** `EMAIL_FROM`: `Name <address>`; the address is the envelope sender as well, without `bounces`. */
  readonly from: string;
  /** `SMTP_RATE`: messages a second; null for no limit. */
  readonly ratePerSecond: number | null;
  /** `SMTP_CONNECTIONS`: most sessions with the relay at once. Default 10. */
  readonly connections?: number | undefined;
  /** Addresses of `BOUNCE_DOMAIN`; without them mail comes back to `from`. */
  readonly bounces?: BounceAddresses | undefined;
  /** What all emails say of who sends them; without it they have no link to unsubscribe. */
  readonly identity?: EmailIdentity | undefined;
  /** The `DKIM_` variables; without them the relay signs, or nobody does. */
  readonly dkim?: DkimConfig | null | undefined;
  readonly timeouts?: Partial<SmtpTimeouts> | undefined;
  /** A certificate (PEM) to trust instead of the well-known ones. */
  readonly ca?: string | undefined;
  readonly log?: Log | undefined;
}

/** Nothing leaves unsigned by mistake: receivers would call it forged. */
const NOT_SIGNED: Outcome = {
  type: 'account',
  code: 'dkim_failed',
  message: 'The message could not be signed with the key of DKIM_PRIVATE_KEY; nothing was sent.',
};

const NO_ADDRESS: Outcome = {
  type: 'skipped',
  code: 'invalid_email',
  message: 'This is not an address that mail can be sent to.',
};

/**
 * Email over any SMTP relay. Opens no connection before the first message.
 * @throws TidingsError `configuration` when `SMTP_URL`, `EMAIL_FROM`, `SMTP_CONNECTIONS`, a `SMTP_OAUTH_` or a `DKIM_` variable cannot be used.
 */
export function createSmtpSender(options: SmtpSenderOptions): Sender {
  const { relay, tokens } = relayOf(options.url, options.oauth);
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
  const { bounces, identity } = options;
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const signer = options.dkim ? new DkimSigner(readDkimKeys(options.dkim, from.domain)) : null;
  const pool = new SmtpPool({ relay, tokens, timeouts, ca: options.ca }, connections, options.log);
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
    prepare(given, send) {
      const message = compileMessage(messageFor('email', given), from, identity, send);
      return {
        async deliver(recipient, attempt) {
          const read = normalizeEmail(recipient.contact);
          if (!read.ok) return NO_ADDRESS;
          const to = read.value;
          let render = () => message.render(recipient, to, attempt);
          if (signer) {
            const raw = render();
            try {
              const signatures = await signer.sign(raw);
              render = () => signatures + raw;
            } catch (error) {
              if (signer.isClosed) return CLOSED;
              options.log?.error({ err: error }, 'a message could not be signed');
              return NOT_SIGNED;
            }
          }
          const failure = await pool.send({
            from: bounces?.of(attempt.attemptId) ?? from.address,
            to,
            render,
            needsSmtpUtf8: needsSmtpUtf8(to),
            mayLeave: attempt.mayLeave,
          });
          if (failure) return failure;
          return { type: 'accepted', providerMessageId: message.messageId(attempt) };
        },
        warnings: () => message.warnings(),
        preview: (recipient) => ({
          from: message.from,
          to: recipient.contact,
          ...message.preview(recipient),
        }),
      };
    },
    async close(waitMs) {
      await pool.close(waitMs);
      await signer?.close();
    },
  };
}

/** Two logins at one relay have two rates and two reputations. A login is often an address, so the id has a hash of it. */
function senderId({ host, port, auth }: Relay): string {
  const login = auth ? `#${createHash('sha256').update(auth.user).digest('hex').slice(0, 8)}` : '';
  return `smtp:${host}:${port}${login}`;
}
