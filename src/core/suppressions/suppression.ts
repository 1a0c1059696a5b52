import { CHANNEL_NAMES, type ChannelName } from '../channel.ts';

/** Marketing over WhatsApp alone: what a person told WhatsApp itself. Whatever else they expect may be sent. */
export const WHATSAPP_MARKETING = 'whatsapp:marketing';
/** What a suppression keeps from a contact: all of a channel, or part of it. */
export const SUPPRESSION_SCOPES = [...CHANNEL_NAMES, WHATSAPP_MARKETING] as const;
export type SuppressionScope = (typeof SUPPRESSION_SCOPES)[number];

/** Sources by which a suppression is known that the person may take back by the same way. */
export const WROTE_TO_US = 'what they wrote to us';
export const CHOSE_AT_PROVIDER = 'what they chose in WhatsApp';

/** The scopes that keep a message of a channel from a contact. A send is marketing unless it says otherwise. */
export const SCOPES: Readonly<Record<ChannelName, readonly SuppressionScope[]>> = {
  email: ['email'],
  whatsapp: ['whatsapp', WHATSAPP_MARKETING],
};

export function channelOf(scope: SuppressionScope): ChannelName {
  return scope === WHATSAPP_MARKETING ? 'whatsapp' : scope;
}

/**
 * Joins the suppression `x` that keeps messages of a channel from a contact, at most one row, that of the whole channel
 * first: SQL whose one parameter is the channel.
 * @param isUtility of messages that are no marketing
 */
export function joinSuppression(channel: ChannelName, contact: string, isUtility = false): string {
  const scope =
    channel === 'email' || isUtility
      ? '?'
      : `coalesce((SELECT y.channel FROM suppressions y WHERE y.channel = ? AND y.contact = ${contact}), '${WHATSAPP_MARKETING}')`;
  return `LEFT JOIN suppressions x ON x.channel = ${scope} AND x.contact = ${contact}`;
}

/** Why a contact must not be messaged; `not_opted_in`: they never said no, and never yes either. */
export const SUPPRESSION_REASONS = [
  'unsubscribed',
  'bounced',
  'complained',
  'opted_out',
  'not_opted_in',
] as const;
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];
