import { LineLost, type SmtpLine } from './line.ts';
import type { Reply } from './reply.ts';
import type { Phase } from './reply-rows.ts';

/** The server said no to a step before any message. */
export class Refused extends Error {
  readonly reply: Reply;
  readonly phase: Phase;

  constructor(reply: Reply, phase: Phase) {
    super('The server said no.');
    this.reply = reply;
    this.phase = phase;
  }
}

/** One command and its reply. @throws LineLost */
export function ask(line: SmtpLine, command: string, limitMs: number): Promise<Reply> {
  line.write(`${command}\r\n`, 'utf8');
  return reply(line, limitMs);
}

/** @throws LineLost */
export function reply(line: SmtpLine, limitMs: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    if (line.isLost) return reject(new LineLost('ECONNECTION', 'closed the connection'));
    const limit = setTimeout(() => line.lose(new LineLost('ETIMEDOUT', 'did not answer in time')), limitMs);
    line.onReply = (said) => {
      clearTimeout(limit);
      line.onReply = () => line.lose(new LineLost('EPROTOCOL', 'spoke without being asked'));
      resolve(said);
    };
    line.onLost = (why) => {
      clearTimeout(limit);
      reject(why);
    };
  });
}
