import type { Pool } from 'undici';
import * as z from 'zod';
import type {
  Answered,
  RegistryProblem,
  TemplateRegistry,
} from '../../../core/templates/template-registry.ts';
import { parseJson } from '../../answers.ts';
import { type Exchange, exchange, type Request } from '../../exchange.ts';
import { readGraphError } from './answer.ts';
import { managementProblem, unreachable } from './management-errors.ts';
import type { CloudEndpoint } from './settings.ts';
import { createBody, graphTemplate, readStatus, readTemplate, TEMPLATE_FIELDS } from './template-json.ts';

/** Subcode of a deletion: there is none of that name. */
const NOT_THERE = '_2593002';
/** Meta's own page holds 25 when it is not asked for more. */
const PAGE = 100;

const page = z.looseObject({
  data: z.array(z.unknown()),
  paging: z
    .looseObject({
      next: z.string().optional().catch(undefined),
      cursors: z.looseObject({ after: z.string().optional() }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});
const created = z.looseObject({
  id: z.union([z.string(), z.number()]).transform(String),
  status: z.string().catch('PENDING'),
  category: z.string().catch(''),
});

/** The templates of a WhatsApp Business Account. `sample`: hands over the sample of a header of media. */
export function createCloudRegistry(
  pool: Pool,
  endpoint: CloudEndpoint,
  businessAccountId: string,
  sample: (address: string) => Promise<Answered<string>>,
): TemplateRegistry {
  const path = `${endpoint.root}/${businessAccountId}/message_templates`;
  const ask = <T>(request: Omit<Request, 'mayLeave'>, read: (json: unknown) => T | null) =>
    askGraph(pool, endpoint, request, read);
  return {
    list: (cursor) => {
      const after = cursor === null ? '' : `&after=${encodeURIComponent(cursor)}`;
      return ask(
        { method: 'GET', path: `${path}?fields=${TEMPLATE_FIELDS}&limit=${PAGE}${after}` },
        readPage,
      );
    },
    async find(name) {
      // `name` finds what holds it, too.
      const query = `fields=${TEMPLATE_FIELDS}&limit=${PAGE}&name=${encodeURIComponent(name)}`;
      const answer = await ask({ method: 'GET', path: `${path}?${query}` }, readPage);
      if (!answer.ok) return answer;
      return { ok: true, value: answer.value.templates.filter((one) => one.name === name) };
    },
    async submit(draft) {
      const { header } = draft.content;
      let handle: string | null = null;
      if (header && header.kind !== 'text' && header.kind !== 'location') {
        const made = await sample(draft.samples['header'] ?? '');
        if (!made.ok) return made;
        handle = made.value;
      }
      return ask({ method: 'POST', path, body: JSON.stringify(createBody(draft, handle)) }, (json) => {
        const parsed = created.safeParse(json);
        if (!parsed.success) return null;
        const { id, status, category } = parsed.data;
        return {
          providerId: id,
          status: readStatus(status),
          // Since 2025 what reads like marketing is approved as that, whatever it was called.
          category: (category || draft.category).toLowerCase(),
        };
      });
    },
    async remove({ name, providerId }) {
      const query = `hsm_id=${encodeURIComponent(providerId)}&name=${encodeURIComponent(name)}`;
      const answer = await ask({ method: 'DELETE', path: `${path}?${query}` }, (json) =>
        z.looseObject({ success: z.boolean() }).safeParse(json).success ? true : null,
      );
      if (answer.ok) return { ok: true, value: null };
      return answer.problem.code.endsWith(NOT_THERE) ? { ok: true, value: null } : answer;
    },
  };
}

function readPage(json: unknown) {
  const parsed = page.safeParse(json);
  if (!parsed.success) return null;
  const { data, paging } = parsed.data;
  return {
    // One that cannot be read loses none of the others.
    templates: data.flatMap((one) => {
      const template = graphTemplate.safeParse(one);
      return template.success ? [readTemplate(template.data)] : [];
    }),
    next: paging?.next === undefined ? null : (paging.cursors?.after ?? afterOf(paging.next)),
  };
}

/** By the address of the next page, where it is not said apart. It is not followed as it is: it holds the token. */
function afterOf(next: string): string | null {
  return URL.canParse(next) ? new URL(next).searchParams.get('after') : null;
}

/** One call of the Graph API that sends nobody anything. Never rejects. */
export async function askGraph<T>(
  pool: Pool,
  endpoint: CloudEndpoint,
  request: Omit<Request, 'mayLeave'>,
  read: (json: unknown) => T | null,
): Promise<Answered<T>> {
  const answer: Exchange = await exchange(pool, endpoint, request);
  if (answer.type !== 'answered') return { ok: false, problem: unreachable(answer.code) };
  const json = parseJson(answer.body);
  const error = readGraphError(json, endpoint.hidden);
  if (error) return { ok: false, problem: managementProblem(error, answer.status) };
  const value = answer.status >= 200 && answer.status < 300 ? read(json) : null;
  return value === null ? { ok: false, problem: notUnderstood(answer.status) } : { ok: true, value };
}

function notUnderstood(status: number): RegistryProblem {
  return {
    kind: 'later',
    code: `whatsapp_http_${status}`,
    message: `WhatsApp answered HTTP ${status} in a form that nobody expected; it is asked again. Check WHATSAPP_API_URL and any proxy.`,
  };
}
