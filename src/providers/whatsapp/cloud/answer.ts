import * as z from 'zod';
import type { Outcome } from '../../../core/deliveries/sender.ts';
import { IN_DOUBT, parseJson, redact } from '../../answers.ts';
import type { Exchange } from '../../exchange.ts';
import type { Hidden } from '../../redact-secrets.ts';
import { classifyGraphError, type GraphError, tooFast } from './errors.ts';

const graphAnswer = z.looseObject({
  error: z.looseObject({
    code: z.int(),
    error_subcode: z.int().optional().catch(undefined),
    message: z.string().catch(''),
    /** Of the management API: what is wrong, for a person. */
    error_user_msg: z.string().optional().catch(undefined),
    error_data: z
      .looseObject({ details: z.string().catch('') })
      .optional()
      .catch(undefined),
  }),
});
const acceptedAnswer = z.looseObject({
  messages: z.tuple([z.looseObject({ id: z.string().min(1).max(512) })], z.unknown()),
});

/** What became of a message, from what came back for it. */
export function classifyExchange(exchange: Exchange, hidden: readonly Hidden[]): Outcome {
  if (exchange.type === 'not_sent') return notSent(exchange.code);
  if (exchange.type === 'lost') {
    return {
      type: 'uncertain',
      code: exchange.code,
      message: /timeout/i.test(exchange.code)
        ? 'WhatsApp did not answer in time; the message may or may not have left.'
        : 'The connection to WhatsApp broke before the answer; the message may or may not have left.',
    };
  }
  const { status, retryAfterMs } = exchange;
  const json = parseJson(exchange.body);
  const error = readGraphError(json, hidden);
  if (error) return classifyGraphError(error, status, retryAfterMs);
  if (status >= 200 && status < 300) return acceptedOrUnknown(json, status);
  return withoutGraphBody(status, retryAfterMs);
}

/** The error of a Graph answer, its words redacted; null when the body is not one. */
export function readGraphError(json: unknown, hidden: readonly Hidden[]): GraphError | null {
  const parsed = graphAnswer.safeParse(json);
  if (!parsed.success) return null;
  const { error_subcode, message, error_data, error_user_msg } = parsed.data.error;
  // "Object with ID … does not exist": Graph's way to say 33 about the phone number id in the path.
  const code = parsed.data.error.code === 100 && error_subcode === 33 ? 33 : parsed.data.error.code;
  return {
    code,
    subcode: error_subcode,
    details: redact(error_user_msg || error_data?.details || message, hidden),
  };
}

function notSent(code: string): Outcome {
  const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO/.test(code);
  const what = isCertificate
    ? 'The certificate of the WhatsApp API server is not trusted'
    : 'The WhatsApp API cannot be reached';
  return {
    type: 'transient',
    scope: 'sender',
    code,
    message: `${what} (${code}); nothing was sent. Check the network and WHATSAPP_API_URL.`,
  };
}

function acceptedOrUnknown(json: unknown, status: number): Outcome {
  const parsed = acceptedAnswer.safeParse(json);
  if (parsed.success) return { type: 'accepted', providerMessageId: parsed.data.messages[0].id };
  return {
    type: 'uncertain',
    code: `whatsapp_http_${status}`,
    message: `WhatsApp answered ${status} without a message id; the message may or may not have left.`,
  };
}

/**
 * An answer that does not come from the API itself: a proxy, a firewall, a balancer, or the wrong address.
 *
 * A 3xx or 4xx is a refusal by whoever wrote it (RFC 9110, section 15.5), so the message did not go on; and it would
 * be the same for the next lead, so the whole sender stops for a person instead of using up leads. The exceptions
 * are in `IN_DOUBT`. A 5xx is written by a gateway that did pass it on as often as not: nobody can know.
 */
function withoutGraphBody(status: number, retryAfterMs: number | null): Outcome {
  const code = `whatsapp_http_${status}`;
  if (status === 429) return tooFast(code, retryAfterMs);
  if (status >= 300 && status < 500 && !IN_DOUBT.has(status)) {
    return {
      type: 'account',
      code,
      message: `Something on the way to WhatsApp refused the request with HTTP ${status}, not WhatsApp itself. Check WHATSAPP_API_URL, WHATSAPP_API_VERSION and any proxy or firewall, then resume.`,
    };
  }
  return {
    type: 'uncertain',
    code,
    message: `The way to WhatsApp failed with HTTP ${status}; the message may or may not have left.`,
  };
}
