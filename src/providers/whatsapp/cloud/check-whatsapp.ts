import * as z from 'zod';
import type { Outcome } from '../../../core/deliveries/sender.ts';
import { TidingsError } from '../../../errors.ts';
import { parseJson } from '../../answers.ts';
import { type Exchange, exchange, openPool } from '../../exchange.ts';
import { type Hidden, redactSecrets } from '../../redact-secrets.ts';
import { classifyExchange, readGraphError } from './answer.ts';
import { type CloudEndpoint, parseEndpoint, type WhatsAppOptions } from './settings.ts';

export type WhatsAppCheck =
  | { readonly ok: true; readonly detail: string; readonly said?: string }
  | {
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      readonly said?: string | undefined;
    };

const MOST_SAID = 300;

const phoneNumber = z.looseObject({
  display_phone_number: z.string(),
  verified_name: z.string().optional(),
  quality_rating: z.string().optional(),
});

/**
 * Whether the settings, the token, the number and the way there are good, without sending anything: reads the phone
 * number (`GET /{version}/{phone_number_id}`, Cloud API reference, "Phone Numbers"). Never rejects.
 */
export async function checkWhatsApp(options: Omit<WhatsAppOptions, 'ratePerSecond'>): Promise<WhatsAppCheck> {
  let endpoint: CloudEndpoint;
  try {
    endpoint = parseEndpoint(options);
  } catch (error) {
    if (!(error instanceof TidingsError)) throw error;
    return { ok: false, code: error.code, message: `${error.message} ${error.fix ?? ''}`.trim() };
  }
  const pool = openPool(endpoint, 1);
  try {
    const answer = await exchange(pool, endpoint, {
      method: 'GET',
      path: `${endpoint.path}?fields=display_phone_number,verified_name,quality_rating`,
    });
    return explain(answer, endpoint.hidden);
  } finally {
    await pool.destroy();
  }
}

function explain(answer: Exchange, hidden: readonly Hidden[]): WhatsAppCheck {
  if (answer.type === 'lost') {
    return { ok: false, code: answer.code, message: 'WhatsApp took the question and did not answer it.' };
  }
  const json = answer.type === 'answered' ? parseJson(answer.body) : null;
  const number = phoneNumber.safeParse(json);
  if (number.success && answer.type === 'answered' && answer.status === 200) {
    const { display_phone_number, verified_name, quality_rating } = number.data;
    const said = [
      display_phone_number,
      verified_name,
      quality_rating && `quality ${quality_rating.toLowerCase()}`,
    ];
    const words = redactSecrets(said.filter(Boolean).join(', '), hidden).slice(0, MOST_SAID);
    return { ok: true, detail: 'the token may use the number', said: words };
  }
  const outcome = classifyExchange(answer, hidden);
  if (outcome.type === 'account' || answer.type === 'not_sent') {
    const { code, message } = told(outcome);
    return { ok: false, code, message, said: outcome.said };
  }
  // The other outcomes speak of a message and a lead, and there is none here.
  const details = readGraphError(json, hidden)?.details;
  return {
    ok: false,
    code: told(outcome).code,
    message: `WhatsApp did not tell about the number, but answered HTTP ${answer.status}.`,
    said: details,
  };
}

function told(outcome: Outcome): { code: string; message: string } {
  return outcome.type === 'accepted' ? { code: 'unexpected_answer', message: '' } : outcome;
}
