import { Readable } from 'node:stream';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import { type Attempt, HELD_UP, type Outcome } from '../../core/deliveries/channel.ts';
import { type Opened, openConnection, quit, type RelayAccess, type SmtpError } from './connect.ts';
import { classify, type Phase, parseReply, redact } from './errors.ts';

/** How long to make do with fewer sessions after the relay refused one more. */
const FEWER_MS = 30_000;
/** Relays end long sessions on their own, often in the middle of a message; better to part before. */
const MESSAGES_PER_SESSION = 1_000;

/** One message ready to leave. */
export interface Parcel extends Pick<Attempt, 'mayLeave'> {
  readonly from: string;
  readonly to: string;
  readonly raw: Buffer;
  readonly needsSmtpUtf8: boolean;
}

/** What became of it; null: the server said 250 after the final dot. */
export type Delivered = null | Outcome;

interface Session {
  readonly smtp: SMTPConnection;
  readonly offersSmtpUtf8: boolean;
  messages: number;
  idleTimer?: NodeJS.Timeout;
}

interface Waiter {
  readonly resolve: (result: Session | Outcome) => void;
}

/**
 * Sessions with one relay, each carrying one message at a time.
 *
 *   opening ── logged in ──▶ busy ◀── next message ── idle
 *      │                      │ └──── done ───────────▶ │
 *      ▼                      ▼                         ▼
 *   refused                 lost, worn               15 s, or close(): QUIT
 *
 * A session refused while others stand means "use fewer for a while", never a failed message; only when the last
 * one is refused do those who wait hear why.
 */
export class SmtpPool {
  readonly #access: RelayAccess;
  readonly #size: number;
  readonly #open = new Set<Session>();
  readonly #idle: Session[] = [];
  readonly #waiters: Waiter[] = [];
  #opening = 0;
  #allowed: number;
  #inFlight = 0;
  #closing = false;
  #drained: (() => void) | null = null;

  constructor(access: RelayAccess, size: number) {
    this.#access = access;
    this.#size = size;
    this.#allowed = size;
  }

  /** Never rejects. */
  async send(parcel: Parcel): Promise<Delivered> {
    if (this.#closing) {
      return senderTrouble('channel_closed', 'The email channel is closing; nothing was sent.');
    }
    this.#inFlight++;
    try {
      for (;;) {
        const session = await this.#acquire();
        if ('type' in session) return session;
        if (!parcel.mayLeave()) {
          this.#release(session);
          return HELD_UP;
        }
        const wasUsed = session.messages > 0;
        const { outcome, isStale } = await this.#carry(session, parcel);
        // The relay had hung up on a waiting session before it heard of this message: any other session will do.
        if (isStale && wasUsed) continue;
        return outcome;
      }
    } finally {
      this.#inFlight--;
      if (this.#inFlight === 0) this.#drained?.();
    }
  }

  /** Lets every message that was handed over reach its outcome, then says goodbye on every session. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    await Promise.all([...this.#open].map((session) => this.#retire(session)));
  }

  #acquire(): Promise<Session | Outcome> {
    for (let session = this.#idle.pop(); session; session = this.#idle.pop()) {
      clearTimeout(session.idleTimer);
      if (!session.smtp.destroyed) return Promise.resolve(session);
    }
    return new Promise((resolve) => {
      this.#waiters.push({ resolve });
      this.#grow();
    });
  }

  #grow(): void {
    while (this.#open.size + this.#opening < this.#allowed && this.#opening < this.#waiters.length) {
      this.#opening++;
      void openConnection(this.#access).then((opened) => {
        this.#opening--;
        this.#settleOpening(opened);
      });
    }
  }

  #settleOpening(opened: Opened): void {
    if (opened.type === 'open') {
      const session: Session = { smtp: opened.smtp, offersSmtpUtf8: opened.offersSmtpUtf8, messages: 0 };
      this.#open.add(session);
      session.smtp.once('end', () => this.#forget(session));
      this.#release(session);
      return;
    }
    const others = this.#open.size + this.#opening;
    if (others > 0) {
      this.#useFewer(others);
      return;
    }
    this.#allowed = this.#size;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(opened.outcome);
  }

  #useFewer(count: number): void {
    if (this.#allowed === this.#size) {
      setTimeout(() => {
        this.#allowed = this.#size;
        this.#grow();
      }, FEWER_MS).unref();
    }
    this.#allowed = Math.min(this.#allowed, count);
  }

  #release(session: Session): void {
    // Ended or retired in the meantime: whoever waits is served by the session that took its place.
    if (!this.#open.has(session)) return;
    const waiter = this.#waiters.shift();
    if (waiter) {
      waiter.resolve(session);
      return;
    }
    // A session that opened too late for any message.
    if (this.#closing && this.#inFlight === 0) {
      void this.#retire(session);
      return;
    }
    session.idleTimer = setTimeout(() => void this.#retire(session), this.#access.timeouts.idleMs).unref();
    this.#idle.push(session);
  }

  #forget(session: Session): void {
    clearTimeout(session.idleTimer);
    this.#open.delete(session);
    const at = this.#idle.indexOf(session);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#grow();
  }

  #retire(session: Session): Promise<void> {
    this.#forget(session);
    return quit(session.smtp);
  }

  /** One message over one session, which is then free again or gone. */
  #carry(session: Session, parcel: Parcel): Promise<{ outcome: Delivered; isStale: boolean }> {
    if (parcel.needsSmtpUtf8 && !session.offersSmtpUtf8) {
      this.#release(session);
      const message = 'The mail server takes no letters beyond ASCII before the @ (SMTPUTF8, RFC 6531).';
      return Promise.resolve({
        outcome: { type: 'skipped', code: 'smtputf8_unsupported', message },
        isStale: false,
      });
    }
    const body = bodyStream(parcel.raw);
    const envelope = { from: parcel.from, to: parcel.to, size: parcel.raw.length };
    return new Promise((resolve) => {
      session.smtp.send(envelope, body, (error) => {
        session.messages++;
        if (!error) {
          if (session.messages < MESSAGES_PER_SESSION) this.#release(session);
          else void this.#retire(session);
          resolve({ outcome: null, isStale: false });
          return;
        }
        const smtpError: SmtpError = error;
        const phase = phaseOf(smtpError);
        // Refused before the dot: the server still holds the sender's name, and RSET lets it forget.
        this.#reuse(session, phase === 'mail' || phase === 'rcpt' || phase === 'data');
        const isSent = body.readableDidRead;
        resolve({ outcome: outcomeOf(smtpError, phase, isSent), isStale: !isSent && isHangUp(smtpError) });
      });
    });
  }

  #reuse(session: Session, needsReset: boolean): void {
    // A 421 closes the session right after this callback (RFC 5321, section 3.8): look at it only then.
    setImmediate(() => {
      if (session.smtp.destroyed) this.#forget(session);
      else if (!needsReset) this.#release(session);
      else {
        session.smtp.reset((error) => {
          if (error) void this.#retire(session);
          else this.#release(session);
        });
      }
    });
  }
}

/**
 * The message as a stream, for one reason: when a session is lost, `readableDidRead` tells whether any of it had
 * been taken. False means certainly not sent; nodemailer's own error reads the same in both cases.
 */
function bodyStream(raw: Buffer): Readable {
  return new Readable({
    read() {
      this.push(raw);
      this.push(null);
    },
  });
}

function phaseOf(error: SmtpError): Phase {
  if (error.command === 'MAIL FROM') return 'mail';
  if (error.command === 'RCPT TO') return 'rcpt';
  return error.code === 'EMESSAGE' ? 'body' : 'data';
}

/** The relay ended the session, by closing it or by 421 instead of hearing the next message (RFC 5321, 3.8). */
function isHangUp(error: SmtpError): boolean {
  if (error.responseCode !== undefined) return error.responseCode === 421 && error.command === 'MAIL FROM';
  return error.code === 'ECONNECTION' || error.code === 'ESOCKET';
}

function outcomeOf(error: SmtpError, phase: Phase, isSent: boolean): Outcome {
  const reply = error.response ? parseReply(error.response) : null;
  // EPROTOCOL carries a reply that answered nothing we asked; it says nothing about the message.
  if (reply && error.code !== 'EPROTOCOL') return classify(reply, phase);
  const code = error.originalCode ?? error.code ?? 'ECONNECTION';
  if (isSent) {
    const what = code === 'ETIMEDOUT' ? 'did not answer in time' : 'was lost';
    const message = `The mail server ${what} after the message had left: nobody can know whether it arrived.`;
    return { type: 'uncertain', code, message };
  }
  // Refused by our own side: larger than the SIZE the server announced (RFC 1870), or no address at all.
  if (error.code === 'EMESSAGE') {
    return { type: 'stop_send', code: 'message_too_large', message: `${redact(error.message)}.` };
  }
  if (error.code === 'EENVELOPE') {
    return {
      type: 'skipped',
      code: 'invalid_email',
      message: 'This is not an address that mail can be sent to.',
    };
  }
  return senderTrouble(code, `The session with the mail server was lost before the message left (${code}).`);
}

function senderTrouble(code: string, message: string): Outcome {
  return { type: 'transient', scope: 'sender', code, message };
}
