import type { Config } from '../../config.ts';
import type { Check } from './check.ts';
import { bad, failed, good, warning } from './check.ts';

const NAME = 'bounces';

/** Whether mail that comes back is heard: the mailbox opens, its folders are there. */
export async function checkBounces({ email, bounces, bounceMailbox }: Config): Promise<Check[]> {
  if (bounceMailbox === null) {
    if (email === null || bounces === null || bounces.listen !== null) return [];
    const detail = `emails leave under ${bounces.domain}, and nobody reads what comes back there`;
    return [warning(NAME, detail, 'Set BOUNCE_LISTEN or BOUNCE_MAILBOX_URL.')];
  }
  const { openMailbox } = await import('../../providers/email/bounces/mailbox/mailbox-reader.ts');
  const { MailboxFault } = await import('../../providers/email/bounces/mailbox/mailbox.ts');
  try {
    const session = await openMailbox(bounceMailbox);
    try {
      const mails = await session.listNew(null);
      const { host, folder, doneFolder } = bounceMailbox;
      const then = doneFolder === null ? '' : `, and ${doneFolder} is there for what was taken in`;
      return [good(NAME, `the mailbox at ${host} opens; ${mails.length} mails lie in ${folder}${then}`)];
    } finally {
      session.destroy();
    }
  } catch (error) {
    if (!(error instanceof MailboxFault)) return [failed(NAME, error)];
    const { said, message, fix } = error;
    return [{ ...bad(NAME, message, fix), ...(said && { said }) }];
  }
}
