import { type BounceJudgement, judgeBounce } from '../providers/email/bounces/judge-bounce.ts';
import { splitMails } from '../providers/email/bounces/split-mails.ts';

export type { BounceJudgement, BounceKind } from '../providers/email/bounces/judge-bounce.ts';

/** Judges the mails of a file, one or an mbox, one after the other. Nothing is stored. */
export async function* judgeMails(
  input: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<BounceJudgement> {
  for await (const mail of splitMails(input)) yield await judgeBounce(mail);
}
