import type { Pool } from 'undici';
import * as z from 'zod';
import type {
  Answered,
  ProviderTemplate,
  RegistryProblem,
  TemplatePage,
  TemplateRegistry,
} from '../../../core/templates/template-registry.ts';
import { parseJson, redact } from '../../answers.ts';
import { exchange, type Request } from '../../exchange.ts';
import { createBody, readApproval, readContent, toStatus, twilioContent } from './content-json.ts';
import type { TwilioEndpoint } from './settings.ts';

const PAGE = 100;
/** A name is looked for through so many pages: an account holds 6,000 templates. */
const MOST_PAGES = 100;

const page = z.looseObject({
  contents: z.array(z.unknown()),
  meta: z
    .looseObject({ next_page_url: z.string().nullish().catch(null) })
    .optional()
    .catch(undefined),
});
const created = z.looseObject({ sid: z.string().regex(/^HX[0-9a-zA-Z]{1,64}$/) });
const refusal = z.looseObject({ code: z.int().optional().catch(undefined), message: z.string().catch('') });

/** The templates of an account at Twilio: each is content, and what WhatsApp says of it. */
export function createTwilioRegistry(pool: Pool, endpoint: TwilioEndpoint): TemplateRegistry {
  const ask = <T>(request: Omit<Request, 'mayLeave'>, read: (json: unknown) => T | null) =>
    askTwilio(pool, endpoint, request, read);

  const list: TemplateRegistry['list'] = (cursor) =>
    ask({ method: 'GET', path: cursor ?? `/v1/ContentAndApprovals?PageSize=${PAGE}` }, readPage);

  async function find(name: string): Promise<Answered<readonly ProviderTemplate[]>> {
    const found: ProviderTemplate[] = [];
    let cursor: string | null = null;
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      const answer: Answered<TemplatePage> = await list(cursor);
      if (!answer.ok) return answer;
      found.push(...answer.value.templates.filter((one) => one.name === name));
      cursor = answer.value.next;
      if (cursor === null) break;
    }
    return { ok: true, value: found };
  }

  const post = <T>(path: string, body: object, read: (json: unknown) => T | null) =>
    ask({ method: 'POST', path, body: JSON.stringify(body) }, read);

  return {
    list,
    find,
    async submit(draft) {
      const { header } = draft.content;
      if (header && header.kind !== 'text') return { ok: false, problem: notMadeHere(header.kind) };
      // Twilio makes another one of the same name: whatever a lost answer had made is gone on with.
      const before = await find(draft.name);
      if (!before.ok) return before;
      const there = before.value.find(({ content }) => content.language === draft.content.language);
      if (there && there.status !== 'REJECTED') return { ok: false, problem: exists(draft.name) };
      const sid: Answered<string> = there
        ? { ok: true, value: there.providerId }
        : await post('/v1/Content', createBody(draft), (json) => created.safeParse(json).data?.sid ?? null);
      if (!sid.ok) return sid;
      return post(
        `/v1/Content/${sid.value}/ApprovalRequests/whatsapp`,
        { name: draft.name, category: draft.category.toUpperCase(), allow_category_change: true },
        (json) => {
          const { status, category } = readApproval(json);
          if (status === 'unsubmitted') return null;
          return {
            providerId: sid.value,
            status: toStatus(status),
            category: (category || draft.category).toLowerCase(),
          };
        },
      );
    },
    async remove({ providerId }) {
      const path = `/v1/Content/${encodeURIComponent(providerId)}?deleteInWaba=true`;
      const answer = await ask({ method: 'DELETE', path }, () => true);
      if (answer.ok || answer.problem.code === 'twilio_20404') return { ok: true, value: null };
      return answer;
    },
  };
}

function readPage(json: unknown): TemplatePage | null {
  const parsed = page.safeParse(json);
  if (!parsed.success) return null;
  return {
    // One that cannot be read loses none of the others.
    templates: parsed.data.contents.flatMap((one) => {
      const content = twilioContent.safeParse(one);
      return content.success ? [readContent(content.data)] : [];
    }),
    next: nextPath(parsed.data.meta?.next_page_url ?? null),
  };
}

/** Its path alone: nothing is asked of another host. */
function nextPath(address: string | null): string | null {
  if (address === null || !URL.canParse(address)) return null;
  const { pathname, search } = new URL(address);
  return pathname === '/v1/ContentAndApprovals' ? pathname + search : null;
}

/** One call of the Content API, which sends nobody anything. Never rejects. */
async function askTwilio<T>(
  pool: Pool,
  endpoint: TwilioEndpoint,
  request: Omit<Request, 'mayLeave'>,
  read: (json: unknown) => T | null,
): Promise<Answered<T>> {
  const answer = await exchange(pool, endpoint, request);
  if (answer.type !== 'answered') {
    const message = `The Content API of Twilio cannot be reached (${answer.code}); it is asked again. Check the network and TWILIO_CONTENT_URL.`;
    return { ok: false, problem: { kind: 'later', code: answer.code, message } };
  }
  const { status } = answer;
  const json = answer.body === '' ? {} : parseJson(answer.body);
  if (status < 200 || status >= 300) return { ok: false, problem: problemOf(status, json, endpoint) };
  const value = read(json);
  if (value !== null) return { ok: true, value };
  const message = `Twilio answered HTTP ${status} in a form that nobody expected; it is asked again. Check TWILIO_CONTENT_URL and any proxy.`;
  return { ok: false, problem: { kind: 'later', code: `twilio_http_${status}`, message } };
}

function problemOf(status: number, json: unknown, endpoint: TwilioEndpoint): RegistryProblem {
  const { code, message } = refusal.safeParse(json).data ?? { code: undefined, message: '' };
  const said = redact(message, endpoint.hidden);
  const told = {
    code: code === undefined ? `twilio_http_${status}` : `twilio_${code}`,
    ...(said && { said }),
  };
  if (status === 401 || status === 403)
    return {
      ...{ kind: 'account', ...told },
      message:
        'Twilio does not let this account keep templates; check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.',
    };
  if (status === 429 || status >= 500)
    return {
      ...{ kind: 'later', ...told },
      message: 'Twilio takes no requests just now; it is asked again.',
    };
  return {
    ...{ kind: 'refused', ...told },
    message: 'Twilio refused the template; correct what it says, and send with another text.',
  };
}

function exists(name: string): RegistryProblem {
  return { kind: 'exists', code: 'twilio_exists', message: `There is a template ${name} already.` };
}

function notMadeHere(kind: string): RegistryProblem {
  return {
    kind: 'refused',
    code: 'twilio_header',
    message: `A template with a header of ${kind} is not made here at Twilio. Make it in the Content Template Builder of the Twilio Console, and name it by template.`,
  };
}
