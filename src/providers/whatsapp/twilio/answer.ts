import * as z from 'zod';
import type { Outcome } from '../../../core/deliveries/sender.ts';
import { IN_DOUBT, parseJson, redact } from '../../answers.ts';
import type { Exchange } from '../../exchange.ts';
import type { Hidden } from '../../redact-secrets.ts';
import { classifyTwilioError, tooFast } from './errors.ts';

/** Messages resource, "Create a Message"; `error_code` stands there when it failed at once. */
const created = z.looseObject({
  sid: z.string().regex(/^(SM|MM)[0-9a-zA-Z]{1,64}$/),
  status: z.string().catch(''),
  error_code: z.int().nullish().catch(null),
  error_message: z.string().nullish().catch(null),
});
const refused = z.looseObject({ code: z.int(), message: z.string().catch('') });

/** What became of a message, from what came back for it. */
export function classifyTwilioAnswer(exchange: Exchange, hidden: readonly Hidden[]): Outcome {
  if (exchange.type === 'not_sent') {
    const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO/.test(exchange.code);
    const what = isCertificate
      ? 'The certificate of the Twilio API server is not trusted'
      : 'The Twilio API cannot be reached';
    const message = `${what} (${exchange.code}); nothing was sent. Check the network and TWILIO_API_URL.`;
    return { type: 'transient', scope: 'sender', code: exchange.code, message };
  }
  if (exchange.type === 'lost') {
    const message = /timeout/i.test(exchange.code)
      ? 'Twilio did not answer in time; the message may or may not have left.'
      : 'The connection to Twilio broke before the answer; the message may or may not have left.';
    return { type: 'uncertain', code: exchange.code, message };
  }
  const { status, retryAfterMs } = exchange;
  const json = parseJson(exchange.body);
  const code = `twilio_http_${status}`;
  if (status >= 200 && status < 300) {
    const answer = created.safeParse(json);
    if (!answer.success) {
      const message = `Twilio answered ${status} without a message SID; the message may or may not have left.`;
      return { type: 'uncertain', code, message };
    }
    const { sid, error_code, error_message } = answer.data;
    const hasFailed = answer.data.status === 'failed' || answer.data.status === 'undelivered';
    if (hasFailed && typeof error_code === 'number')
      return classifyTwilioError(
        { code: error_code, said: redact(error_message ?? '', hidden) },
        400,
        retryAfterMs,
      );
    return { type: 'accepted', providerMessageId: sid };
  }
  const refusal = refused.safeParse(json);
  if (refusal.success)
    return classifyTwilioError(
      { code: refusal.data.code, said: redact(refusal.data.message, hidden) },
      status,
      retryAfterMs,
    );
  if (status === 429) return tooFast(code, retryAfterMs);
  // Whoever wrote a 3xx or 4xx refused it (RFC 9110, section 15.5), and would refuse the next lead's as well.
  if (status >= 300 && status < 500 && !IN_DOUBT.has(status))
    return {
      type: 'account',
      code,
      message: `Something on the way to Twilio refused the request with HTTP ${status}, not Twilio itself. Check TWILIO_API_URL and any proxy or firewall, then resume.`,
    };
  const message = `The way to Twilio failed with HTTP ${status}; the message may or may not have left.`;
  return { type: 'uncertain', code, message };
}
