import type { EventSource } from '../../../../core/events/event-source.ts';
import { hide } from '../../../redact-secrets.ts';
import { readCallback } from './read-callback.ts';
import { isSignedByTwilio } from './twilio-signature.ts';

export interface TwilioEventsOptions {
  readonly accountSid: string;
  readonly authToken: string;
  /** Id of the sender that messages leave from, and answers come to. */
  readonly senderId: string;
  /** `PUBLIC_URL`: Twilio signs the address that it calls; null: nobody can tell. */
  readonly publicUrl: string | null;
}

/** A message of a contact is answered with nothing to say: Twilio reads anything else as an answer to them. */
const NOTHING_TO_SAY = { contentType: 'text/xml', body: '<Response></Response>' };

/** `POST /webhooks/twilio`: status callbacks, whose query names the attempt, and what contacts write. */
export function createTwilioEvents(options: TwilioEventsOptions): EventSource {
  const { accountSid, authToken, senderId, publicUrl } = options;
  const hidden = [hide(authToken, '<token>'), hide(accountSid, '<account>')];
  return {
    path: 'twilio',
    receive(request) {
      if (publicUrl === null) {
        return {
          refuse: 'forbidden',
          error:
            'This webhook is closed: Twilio signs the address that it calls, and this server does not know it.',
          fix: 'Set PUBLIC_URL to the address by which Twilio reaches this server, and start again.',
        };
      }
      if (!isSignedByTwilio(request, publicUrl, authToken)) {
        const rule = request.headers['x-twilio-webhooks-signature-settings'];
        if (rule !== undefined && /SHA256/i.test(rule)) {
          return {
            refuse: 'unauthorized',
            error: 'A webhook rule of the Twilio account signs with HMAC-SHA256 and a key of its own.',
            fix: 'Take the rule back in the Twilio Console, so that requests are signed by the auth token.',
          };
        }
        return {
          refuse: 'unauthorized',
          error: 'The signature is not that of the Twilio account that this server knows.',
          fix: 'TWILIO_AUTH_TOKEN has to be that of the account, and PUBLIC_URL the very address that Twilio calls.',
        };
      }
      const form = new URLSearchParams(request.rawBody.toString('utf8'));
      const attemptId = new URL(request.url, publicUrl).searchParams.get('attempt')?.slice(0, 100) ?? null;
      return {
        events: readCallback({ form, attemptId, sender: senderId, receivedAt: Date.now(), hidden }),
        ...(form.get('MessageStatus') === null && { reply: NOTHING_TO_SAY }),
      };
    },
  };
}
