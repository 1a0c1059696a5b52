import type { ProviderEvent } from '../../../core/events/event.ts';
import type { EventSource, Received } from '../../../core/events/event-source.ts';
import { closed, notGenuine, parse, safely } from '../events/source.ts';
import { toUnknown } from '../events/told.ts';
import { PROVIDER, readSes } from './read-ses.ts';
import { type FetchText, fetchFromAmazon, isSnsUrl, SnsVerifier } from './sns.ts';

const WORDS = {
  variable: 'SES_SNS_TOPIC_ARNS',
  where: 'the topic of SNS that SES tells of your messages (arn:aws:sns:…)',
};

/**
 * `POST /webhooks/email/ses`, as SNS calls it. A signature of Amazon's proves Amazon, and anybody can have it sign for a topic
 * of theirs: only the topics that are named here are heard, and confirmed by themselves.
 * @param topicArns `SES_SNS_TOPIC_ARNS`; empty: the webhook is closed
 */
export function createSesEvents(
  topicArns: readonly string[],
  fetchText: FetchText = fetchFromAmazon,
): EventSource {
  const verifier = new SnsVerifier(fetchText);
  return {
    path: 'email/ses',
    async receive({ method, rawBody }): Promise<Received> {
      if (topicArns.length === 0) return closed(WORDS);
      const receivedAt = Date.now();
      const sns = method === 'POST' ? await verifier.read(parse(rawBody), topicArns) : null;
      if (sns === null) return notGenuine(WORDS);
      switch (sns.type) {
        case 'SubscriptionConfirmation':
          if (!isSnsUrl(sns.subscribeUrl)) return notGenuine(WORDS);
          await fetchText(sns.subscribeUrl);
          return { events: [] };
        case 'UnsubscribeConfirmation':
          return { events: [accountChanged(sns.messageId, receivedAt)] };
        case 'Notification':
          return { events: read(sns.message, sns.messageId, receivedAt) };
      }
    },
  };
}

/** The topic tells us nothing from here on, unless somebody subscribes again. */
function accountChanged(key: string, at: number): ProviderEvent {
  return {
    ...toUnknown({ provider: PROVIDER, key, at }, 'unsubscribed_from_topic', {}),
    type: 'account_changed',
  };
}

function read(message: string, key: string, now: number): ProviderEvent[] {
  // What SES says once, of the topic itself.
  if (message.startsWith('Successfully validated SNS topic')) return [];
  const body = parse(Buffer.from(message));
  return safely(
    () => readSes(body, key, now),
    () => toUnknown({ provider: PROVIDER, key, at: now }, 'message', body),
  );
}
