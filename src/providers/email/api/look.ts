import { parseJson } from '../../answers.ts';
import { exchange, openPool } from '../../exchange.ts';
import type { EmailApi } from './api-sender.ts';
import { classifyFailure } from './classify.ts';

/** Something that the doctor found out at a provider, without sending anything. */
export interface Finding {
  /** What it is about: the account, the domain of `EMAIL_FROM`, the stream. */
  readonly about: 'account' | 'domain' | 'stream';
  readonly ok: boolean;
  /** It works as it is, and a person should know. */
  readonly isWarning?: true;
  readonly detail: string;
  readonly fix?: string;
  /** The provider's own words. */
  readonly said?: string;
}

/** What a provider answered to a look. */
export type Looked =
  | { readonly ok: true; readonly json: Readonly<Record<string, unknown>>; readonly list: readonly unknown[] }
  | { readonly ok: false; readonly code: string; readonly finding: Finding };

export type Look = (path: string) => Promise<Looked>;

/** Looks at whatever `run` asks for, over one connection. */
export async function looking(api: EmailApi, run: (look: Look) => Promise<Finding[]>): Promise<Finding[]> {
  const pool = openPool(api.endpoint, 1);
  try {
    return await run(async (path) => {
      const reply = await exchange(pool, api.endpoint, api.get(path));
      if (reply.type === 'answered' && reply.status >= 200 && reply.status < 300) {
        const json = parseJson(reply.body);
        const isObject = typeof json === 'object' && json !== null;
        return {
          ok: true,
          json: isObject ? (json as Readonly<Record<string, unknown>>) : {},
          list: Array.isArray(json) ? json : [],
        };
      }
      if (reply.type !== 'answered') {
        const detail = `${api.name} did not answer (${reply.code})`;
        const fix = `Check the network and ${api.urlVariable}.`;
        return { ok: false, code: reply.code, finding: { about: 'account', ok: false, detail, fix } };
      }
      const outcome = classifyFailure(api, reply, api.endpoint.hidden);
      const { code, message } = 'code' in outcome ? outcome : { code: '', message: '' };
      const isAccount = outcome.type === 'account';
      const detail = isAccount ? message : `${api.name} did not tell, but answered HTTP ${reply.status}`;
      const said = outcome.said === undefined ? {} : { said: outcome.said };
      return {
        ok: false,
        code,
        finding: { about: 'account', ok: false, detail, fix: 'See the account there.', ...said },
      };
    });
  } finally {
    await pool.destroy();
  }
}

export function textOf(json: Readonly<Record<string, unknown>>, name: string): string {
  const found = json[name];
  return typeof found === 'string' ? found : '';
}

export function recordsIn(found: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(found) ? found.filter((one) => typeof one === 'object' && one !== null) : [];
}

/** Whether the domain of `EMAIL_FROM`, or one around it, is among those that are known, and good. */
export function judgeDomain(
  name: string,
  domain: string,
  known: readonly { readonly domain: string; readonly isGood: boolean }[],
): Finding {
  const around = known.filter((one) => domain === one.domain || domain.endsWith(`.${one.domain}`));
  if (around.some(({ isGood }) => isGood))
    return { about: 'domain', ok: true, detail: `${domain} is verified at ${name}` };
  const what = around.length > 0 ? 'is not verified' : 'is not there';
  return {
    about: 'domain',
    ok: false,
    detail: `${domain} ${what} at ${name}`,
    fix: `Add it at ${name} and put the records that it shows into DNS, or correct EMAIL_FROM.`,
  };
}
