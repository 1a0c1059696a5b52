import { type Attempt, type Outcome, STALLED } from '../../../core/deliveries/sender.ts';
import type { Extensions, Opened } from './connect.ts';
import { classify, countsBySession, isOutOfStep } from './errors.ts';
import { LineLost, type SmtpLine } from './line.ts';
import type { Reply } from './reply.ts';
import { isSessionLimit, type Phase, type Terms } from './reply-rows.ts';
import type { Relay } from './settings.ts';

/** One message ready to leave. */
export interface Parcel extends Pick<Attempt, 'mayLeave'> {
  readonly from: string;
  readonly to: string;
  /**
   * The whole message with CRLF line ends, the last one too. No line begins with a dot: there is nothing to stuff. Asked
   * for when it is about to leave, so that messages that wait cost next to nothing.
   */
  readonly render: () => string;
  readonly needsSmtpUtf8: boolean;
}

/** What became of it; null: the server said 250 after the final dot. */
export type Delivered = null | Outcome;

/** A parcel on its way, and who waits for its fate. */
export interface Job {
  readonly parcel: Parcel;
  readonly done: (delivered: Delivered) => void;
}

/** What a session asks and tells the pool it belongs to. */
export interface Owner {
  /** What may travel together, for every session with this relay. */
  readonly pipelining: Relay['pipelining'];
  /** After so many messages it is better to part. */
  readonly messagesPerSession: number;
  /** The next message to carry, if one waits. */
  next(): Job | undefined;
  /** Certainly not sent, and through no fault of the relay or the message: any other session will do. */
  giveBack(job: Job): void;
  /** The server said so after this many messages; where it counts by session, the next ones part before it does. */
  limitHeard(carried: number, countsBySession: boolean): void;
  /** The server lost step over commands that came in a group. */
  groupRefused(): void;
  idle(session: SmtpSession): void;
  ended(session: SmtpSession): void;
}

type Step = Phase | 'void' | 'reset';

interface Passage {
  readonly job: Job;
  readonly raw: string;
  /** The first refusal; what the server says to later commands of the same group is a consequence. */
  refusal: Delivered;
  /** The body was handed to the socket: from here on a lost line leaves the question open. */
  isSent: boolean;
  /** Its commands were written at once, and their replies come in a row. */
  readonly isGrouped: boolean;
  /** Not taken, for a reason that is the session's and not its own: another session carries it, at once. */
  goesAgain: boolean;
}

interface Expected {
  readonly step: Step;
  readonly passage: Passage | null;
}

/**
 * One session with the relay, one message after the other.
 *
 *   MAIL RCPT DATA ──354──▶ body ──250──▶ MAIL RCPT DATA of the next …
 *                  ──4xx, 5xx──▶ RSET ──250──▶ MAIL RCPT DATA of the next …
 *
 * With PIPELINING (RFC 2920) the three commands of one message travel together. Nothing follows a final dot before its
 * reply has come: servers that guard against smuggled messages drop what stands there (Dovecot), or refuse it (Haraka).
 * Only with `?pipelining=deep` the envelope of the next message travels behind the body of the one before.
 */
export class SmtpSession {
  readonly #line: SmtpLine;
  readonly #extensions: Extensions;
  readonly #terms: Terms;
  readonly #owner: Owner;
  readonly #limitMs: number;
  readonly #expected: Expected[] = [];
  readonly #passages = new Set<Passage>();
  readonly #watch: NodeJS.Timeout;
  /** Messages whose envelope was sent. */
  #carried = 0;
  /** Whether the server has taken a message, or refused one, on this session. */
  #hasServed = false;
  /** Something was written or heard since the watch looked. */
  #isStirred = false;
  #silentSince = 0;

  constructor(opened: Extract<Opened, { type: 'open' }>, limitMs: number, owner: Owner) {
    const { line, extensions, terms } = opened;
    this.#line = line;
    this.#extensions = extensions;
    this.#terms = terms;
    this.#limitMs = limitMs;
    this.#owner = owner;
    line.onReply = (reply) => this.#heard(reply);
    line.onLost = (why) => this.#lost(why);
    // One timer for the session's life instead of one for each reply.
    this.#watch = setInterval(() => this.#checkSilence(), Math.min(limitMs / 4, 5_000)).unref();
  }

  /** Whether it has carried its share. */
  get isWorn(): boolean {
    return this.#carried >= this.#owner.messagesPerSession;
  }

  /** Hands the line over, to whoever says QUIT. */
  release(): SmtpLine {
    clearInterval(this.#watch);
    return this.#line;
  }

  /** Hangs up on whatever is on its way. */
  giveUp(): void {
    this.#end(new LineLost('ETIMEDOUT', 'was not waited for'));
  }

  /** Begins with a message, when the session is idle. */
  carry(job: Job): void {
    this.#send('', job);
    if (this.#expected.length === 0 && !this.#line.isLost) this.#owner.idle(this);
  }

  /** Writes `before`, and behind it the envelope of `job`. */
  #send(before: string, job: Job | undefined): void {
    if (!job) {
      if (before !== '') this.#write(before);
      return;
    }
    const { parcel } = job;
    const raw = rendered(parcel);
    const obstacle = raw === null ? UNFIT : this.#obstacle(parcel, raw.length);
    if (raw === null || obstacle) {
      job.done(obstacle);
      return void this.#send(before, this.#nextJob());
    }
    const isGrouped = this.#extensions.pipelining && this.#owner.pipelining !== 'off';
    const passage: Passage = { job, raw, refusal: null, isSent: false, isGrouped, goesAgain: false };
    this.#passages.add(passage);
    this.#carried += 1;
    // A byte for each character on the wire, but where an address needs more: counting bytes would copy the message.
    const size = this.#extensions.size
      ? ` SIZE=${parcel.needsSmtpUtf8 ? Buffer.byteLength(raw) : raw.length}`
      : '';
    const utf8 = parcel.needsSmtpUtf8 ? ' SMTPUTF8' : '';
    const mail = `MAIL FROM:<${parcel.from}>${size}${utf8}\r\n`;
    this.#expected.push({ step: 'mail', passage });
    if (isGrouped) {
      this.#expected.push({ step: 'rcpt', passage }, { step: 'data', passage });
      this.#write(`${before}${mail}RCPT TO:<${parcel.to}>\r\nDATA\r\n`, parcel.needsSmtpUtf8);
    } else this.#write(before + mail);
  }

  /** What stands in the way of this message on this session before anything is said. */
  #obstacle(parcel: Parcel, length: number): Outcome | null {
    if (parcel.needsSmtpUtf8 && !this.#extensions.smtpUtf8) {
      const message = 'The mail server takes no letters beyond ASCII before the @ (SMTPUTF8, RFC 6531).';
      return { type: 'skipped', code: 'smtputf8_unsupported', message };
    }
    if (length > this.#extensions.largest) {
      const message = `The message is larger than the ${this.#extensions.largest} octets that the mail server takes.`;
      return { type: 'stop_send', code: 'message_too_large', message };
    }
    return parcel.mayLeave() ? null : STALLED;
  }

  #nextJob(): Job | undefined {
    return this.isWorn ? undefined : this.#owner.next();
  }

  /** What travels behind a body, or behind RSET, before its reply has come. */
  #jobBehind({ isGrouped }: Passage): Job | undefined {
    return isGrouped && this.#owner.pipelining === 'deep' ? this.#nextJob() : undefined;
  }

  #write(text: string, isUtf8 = false): void {
    this.#isStirred = true;
    this.#line.write(text, isUtf8 ? 'utf8' : 'latin1');
  }

  #heard(reply: Reply): void {
    const { code } = reply;
    const expected = this.#expected.shift();
    this.#isStirred = true;
    if (!expected) return void this.#unasked();
    const { step, passage } = expected;
    if (passage && this.#endsHere(passage, reply)) return;
    if (code === 421) return void this.#toldToLeave(step, passage, reply);
    if (passage) this.#answered(step, passage, reply);
    // A server that does not forget the last message is not trusted with another.
    else if (code >= 300) this.#line.lose(outOfStep());
    if (this.#expected.length === 0 && !this.#line.isLost) this.#free();
  }

  #answered(step: Step, passage: Passage, reply: Reply): void {
    const { code } = reply;
    const isGood = code < 300;
    // 354 belongs to DATA and nothing else does: otherwise question and answer are out of step, and none can be trusted.
    if (code < 400 && (code === 354) !== (step === 'data')) {
      return void this.#line.lose(outOfStep());
    }
    switch (step) {
      case 'mail':
      case 'rcpt': {
        if (!isGood) passage.refusal ??= this.#refusalOf(reply, step);
        if (passage.isGrouped) return;
        if (passage.refusal) return void this.#refused(passage);
        this.#expected.push({ step: step === 'mail' ? 'rcpt' : 'data', passage });
        const command = step === 'mail' ? `RCPT TO:<${passage.job.parcel.to}>\r\n` : 'DATA\r\n';
        return void this.#write(command, passage.job.parcel.needsSmtpUtf8);
      }
      case 'data':
        if (code === 354) return void this.#body(passage);
        passage.refusal ??= this.#refusalOf(reply, 'data');
        return void this.#refused(passage);
      case 'body':
        this.#hasServed = true;
        if (isGood) return void this.#settle(passage, null);
        passage.refusal = this.#refusalOf(reply, 'body');
        return void this.#refused(passage);
      case 'void':
        return void this.#settle(passage, passage.refusal);
    }
  }

  #body(passage: Passage): void {
    const { raw, job } = passage;
    const { parcel } = job;
    if (passage.refusal) {
      // It wants a message for nobody (RFC 2920, section 3.1): an empty one.
      this.#expected.push({ step: 'void', passage });
      return void this.#write('.\r\n');
    }
    // Who says more than 354 is out of step: nothing leaves on that word.
    if (this.#line.hasMore) return void this.#line.lose(outOfStep());
    // The last instant before it leaves.
    if (!parcel.mayLeave()) {
      this.#settle(passage, STALLED);
      return void this.#line.lose(new LineLost('ECONNECTION', 'was given up'));
    }
    passage.isSent = true;
    this.#expected.push({ step: 'body', passage });
    const next = this.#jobBehind(passage);
    if (!parcel.needsSmtpUtf8) return void this.#send(`${raw}.\r\n`, next);
    this.#write(`${raw}.\r\n`, true);
    this.#send('', next);
  }

  /** The transaction that was begun is forgotten (RFC 5321, section 4.1.1.5), and the session goes on. */
  #refused(passage: Passage): void {
    this.#hasServed = true;
    this.#settle(passage, passage.refusal);
    this.#expected.push({ step: 'reset', passage: null });
    this.#send('RSET\r\n', this.#jobBehind(passage));
  }

  /** Whether this reply is about the session and not about the message: then it ends, and another one carries it. */
  #endsHere(passage: Passage, reply: Reply): boolean {
    if (passage.refusal) return false;
    if (passage.isGrouped && isOutOfStep(reply)) this.#owner.groupRefused();
    else if (this.#hasServed && isSessionLimit(reply)) {
      this.#owner.limitHeard(this.#carried - this.#passages.size, countsBySession(reply));
    } else return false;
    // Refused, also where its body had left.
    passage.isSent = false;
    passage.goesAgain = true;
    this.#line.write('QUIT\r\n');
    this.#line.lose(new LineLost('ECONNECTION', 'had no more room in this session'));
    return true;
  }

  #free(): void {
    const job = this.#nextJob();
    if (job) this.carry(job);
    else this.#owner.idle(this);
  }

  /** 421: the server closes the session (RFC 5321, section 3.8). To MAIL it says nothing about the message. */
  #toldToLeave(step: Step, passage: Passage | null, reply: Reply): void {
    if (passage && (step !== 'mail' || !this.#hasServed)) {
      this.#settle(
        passage,
        passage.refusal ?? this.#refusalOf(reply, step === 'reset' || step === 'void' ? 'body' : step),
      );
    }
    this.#line.lose(new LineLost('ECONNECTION', 'closed the session'));
  }

  /** Between messages a server says goodbye at most. With anything on its way the session is out of step. */
  #unasked(): void {
    this.#line.lose(outOfStep());
  }

  #checkSilence(): void {
    if (this.#expected.length === 0) return;
    const now = performance.now();
    // The clock is asked here, and not for each reply.
    if (this.#isStirred) this.#silentSince = now;
    this.#isStirred = false;
    if (now - this.#silentSince < this.#limitMs) return;
    this.#end(new LineLost('ETIMEDOUT', 'did not answer in time'));
  }

  /** Also where the line was lost before anybody listened: no message waits for what never comes. */
  #end(why: LineLost): void {
    if (this.#line.isLost) this.#lost(why);
    else this.#line.lose(why);
  }

  #lost({ code }: LineLost): void {
    clearInterval(this.#watch);
    this.#expected.length = 0;
    for (const passage of [...this.#passages]) {
      if (passage.isSent) this.#settle(passage, unknown(code));
      else if (passage.refusal) this.#settle(passage, passage.refusal);
      // A session that has served before was ended by the server for its own reasons: the message was not at fault.
      else if (this.#hasServed || passage.goesAgain) {
        this.#passages.delete(passage);
        this.#owner.giveBack(passage.job);
      } else this.#settle(passage, notSent(code));
    }
    this.#owner.ended(this);
  }

  #refusalOf(reply: Reply, phase: Phase): Outcome {
    return classify(reply, phase, this.#terms);
  }

  #settle(passage: Passage, delivered: Delivered): void {
    if (this.#passages.delete(passage)) passage.job.done(delivered);
  }
}

const UNFIT: Outcome = {
  type: 'transient',
  scope: 'recipient',
  code: 'internal',
  message: 'The message could not be put together; nothing was sent.',
};

/** Null when it cannot be put together: that must not take the session, or the process, with it. */
function rendered(parcel: Parcel): string | null {
  try {
    return parcel.render();
  } catch {
    return null;
  }
}

function outOfStep(): LineLost {
  return new LineLost('EPROTOCOL', 'answers out of step');
}

function unknown(code: string): Outcome {
  const what = code === 'ETIMEDOUT' ? 'did not answer in time' : 'was lost';
  const message = `The mail server ${what} after the message had left: nobody can know whether it arrived.`;
  return { type: 'uncertain', code, message };
}

export function notSent(code: string): Outcome {
  const message = `The session with the mail server was lost before the message left (${code}).`;
  return { type: 'transient', scope: 'sender', code, message };
}
