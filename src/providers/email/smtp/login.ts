import { createHmac } from 'node:crypto';
import type { Outcome } from '../../../core/deliveries/sender.ts';
import { hide } from '../../redact-secrets.ts';
import { ask, Refused } from './ask.ts';
import { LineLost, type SmtpLine } from './line.ts';
import type { AccessTokens } from './oauth/access-tokens.ts';
import type { Terms } from './reply-rows.ts';

/** There is no token to log in with. */
export class NoToken extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super('There is no access token.');
    this.outcome = outcome;
  }
}

/** PLAIN (RFC 4616), LOGIN or CRAM-MD5 (RFC 2195), whichever the server offers (RFC 4954). */
export async function logIn(
  line: SmtpLine,
  { user, pass }: { readonly user: string; readonly pass: string },
  offers: Map<string, string>,
  terms: Terms,
  limitMs: number,
): Promise<void> {
  const mechanisms = (offers.get('AUTH') ?? '').split(' ');
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  /** One step of the dialogue; `334` asks for the next. */
  const step = async (command: string, expected: number) => {
    const answer = await ask(line, command, limitMs);
    if (answer.code !== expected) throw new Refused(answer, 'auth');
    return answer.words[0] ?? '';
  };
  if (mechanisms.includes('PLAIN')) await step(`AUTH PLAIN ${base64(`\0${user}\0${pass}`)}`, 235);
  else if (mechanisms.includes('LOGIN')) {
    await step('AUTH LOGIN', 334);
    await step(base64(user), 334);
    await step(base64(pass), 235);
  } else if (mechanisms.includes('CRAM-MD5')) {
    const challenge = Buffer.from(await step('AUTH CRAM-MD5', 334), 'base64');
    const digest = createHmac('md5', pass).update(challenge).digest('hex');
    terms.hidden.push(hide(`${user} ${digest}`, '(login)'), hide(digest, '(login)'));
    await step(base64(`${user} ${digest}`), 235);
  } else throw new LineLost('EAUTH', 'offers no login that fits');
}

/**
 * XOAUTH2, as Google and Microsoft have it. A "no" comes as a 334 with the reason, which wants an empty line before the
 * server says 535. A token that was good before may have been taken back: then a new one is tried, once.
 */
export async function logInByToken(
  line: SmtpLine,
  user: string,
  tokens: AccessTokens,
  at: { readonly offers: Map<string, string>; readonly terms: Terms; readonly limitMs: number },
): Promise<void> {
  if (!(at.offers.get('AUTH') ?? '').split(' ').includes('XOAUTH2'))
    throw new LineLost('EAUTH', 'offers no XOAUTH2');
  for (;;) {
    const answer = await tokens.get();
    if (answer.type === 'none') throw new NoToken(answer.outcome);
    const { token, isFresh } = answer;
    at.terms.hidden.push(...token.hidden);
    const proof = Buffer.from(`user=${user}\x01auth=Bearer ${token.text}\x01\x01`).toString('base64');
    let said = await ask(line, `AUTH XOAUTH2 ${proof}`, at.limitMs);
    if (said.code === 334) said = await ask(line, '', at.limitMs);
    if (said.code === 235) return;
    if (said.code >= 500) tokens.forget(token);
    if (isFresh || said.code < 500) throw new Refused(said, 'auth');
  }
}
