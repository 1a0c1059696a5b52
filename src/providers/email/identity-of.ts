import type { ClickLinks } from './clicks/click-links.ts';
import type { EmailIdentity } from './message/identity.ts';
import { parseEmailFrom } from './smtp/settings.ts';
import type { UnsubscribeLinks } from './unsubscribe/links.ts';

/** What the settings say of who sends. */
interface Known {
  readonly siteName: string | null;
  readonly identity: Pick<EmailIdentity, 'hasFooter' | 'postalAddress'> & { readonly replyTo: string | null };
}

export function identityOf(
  { siteName, identity }: Known,
  links: UnsubscribeLinks | null,
  clicks: ClickLinks | null = null,
): EmailIdentity {
  const { replyTo, postalAddress, hasFooter } = identity;
  return {
    links,
    clicks,
    hasFooter,
    siteName,
    postalAddress,
    replyTo: replyTo === null ? null : parseEmailFrom(replyTo, 'REPLY_TO'),
  };
}
