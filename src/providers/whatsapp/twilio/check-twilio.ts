import * as z from 'zod';
import { parseJson, redact } from '../../answers.ts';
import { exchange, openPool } from '../../exchange.ts';
import { parseTwilio, type TwilioOptions } from './settings.ts';

export type TwilioCheck =
  | { readonly ok: true; readonly detail: string; readonly said?: string }
  | { readonly ok: false; readonly message: string; readonly said?: string };

const account = z.looseObject({ status: z.string(), friendly_name: z.string().catch('') });
const refusal = z.looseObject({ code: z.int().optional(), message: z.string().catch('') });

/**
 * Whether the account, the token and the way there are good, without sending anything: reads the account
 * (`GET /2010-04-01/Accounts/{AC}.json`).
 * @throws TidingsError `configuration` when an option cannot be used.
 */
export async function checkTwilio(
  options: Omit<TwilioOptions, 'ratePerSecond' | 'statusUrl'>,
): Promise<TwilioCheck> {
  const endpoint = parseTwilio(options);
  const pool = openPool(endpoint, 1);
  try {
    const answer = await exchange(pool, endpoint, { method: 'GET', path: `${endpoint.path}.json` });
    if (answer.type !== 'answered') return { ok: false, message: `Twilio did not answer (${answer.code}).` };
    const json = parseJson(answer.body);
    const found = account.safeParse(json);
    if (answer.status !== 200 || !found.success) {
      const said = redact(refusal.safeParse(json).data?.message ?? '', endpoint.hidden);
      const message =
        answer.status === 401
          ? 'Twilio does not take the account SID with this token.'
          : `Twilio did not tell about the account, but answered HTTP ${answer.status}.`;
      return { ok: false, message, ...(said !== '' && { said }) };
    }
    const { status, friendly_name } = found.data;
    if (status !== 'active') return { ok: false, message: `The account at Twilio is ${redact(status, [])}.` };
    const said = redact(friendly_name, endpoint.hidden);
    return {
      ok: true,
      detail: 'the token may use the account, which is active',
      ...(said !== '' && { said }),
    };
  } finally {
    await pool.destroy();
  }
}
