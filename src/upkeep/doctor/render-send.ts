import { randomBytes } from 'node:crypto';
import type { Config } from '../../config.ts';
import { listMembers } from '../../core/deliveries/list-members.ts';
import { toMergeValues } from '../../core/leads/lead.ts';
import { parseMessage } from '../../core/messages/content.ts';
import { messageFor, withAttachments } from '../../core/messages/message.ts';
import { readyContent, SEND_LIMIT_MS } from '../../core/messages/ready-content.ts';
import { loadAttachments } from '../../core/sends/attachment.store.ts';
import { findSend } from '../../core/sends/send.store.ts';
import { TidingsError } from '../../errors.ts';
import { openLedger } from '../../ledger/open-ledger.ts';
import { existingAudience } from '../../operations/existing-audience.ts';
import { ClickLinks } from '../../providers/email/clicks/click-links.ts';
import { DeliveryTokens } from '../../providers/email/delivery-token.ts';
import { identityOf } from '../../providers/email/identity-of.ts';
import { compileMessage } from '../../providers/email/message/mime.ts';
import { parseEmailFrom } from '../../providers/email/smtp/settings.ts';
import { UnsubscribeLinks } from '../../providers/email/unsubscribe/links.ts';

/** Whoever has nothing configured yet sees what it will look like. */
const SOMEBODY = 'Tidings <news@example.com>';

/**
 * The message of a send as its first lead would get it, before anybody signs it; its link to unsubscribe is nobody's.
 * @throws TidingsError `not_found`, `conflict`
 */
export async function renderSend(config: Config, sendId: string): Promise<Buffer> {
  const ledger = await openLedger(config, { opening: 'existing' });
  try {
    const send = await findSend(ledger, sendId);
    if (send?.channel !== 'email')
      throw new TidingsError('not_found', `There is no email send ${sendId}.`, {
        fix: 'tidings sends list shows them.',
      });
    if (send.message === '')
      throw new TidingsError('conflict', 'The text of this send is not kept any more.');
    const audience = await existingAudience(ledger, send.audience_id);
    const [lead] = await listMembers(ledger, audience, send.seq, 1, 1);
    if (!lead) throw new TidingsError('conflict', 'The audience of this send has nobody.');
    const tokens = new DeliveryTokens(randomBytes(32), 'unsubscribe');
    const links = config.publicUrl === null ? null : new UnsubscribeLinks(config.publicUrl, tokens);
    const clicks =
      config.publicUrl === null ? null : new ClickLinks(config.publicUrl, tokens, randomBytes(32));
    const files = await loadAttachments(ledger, send.attachments);
    const written = withAttachments(messageFor('email', parseMessage(send, 'email')), files);
    const email = await readyContent(written, SEND_LIMIT_MS);
    const from = parseEmailFrom(config.email?.from ?? config.emailApi?.from ?? SOMEBODY);
    const to = lead.email ?? 'somebody@example.com';
    const deliveryId = `${send.id.replaceAll('-', '')}.1`;
    return Buffer.from(
      compileMessage(email, from, identityOf(config, links, clicks), send).render(
        { contact: to, values: toMergeValues(lead, config.siteName) },
        to,
        { deliveryId, attemptId: `${deliveryId}.1`, mayLeave: () => false },
      ),
    );
  } finally {
    await ledger.close();
  }
}
