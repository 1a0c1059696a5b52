/** A WhatsApp Business Account as Meta keeps one: reviews, windows, limits, and what a message by a template must hold. */

interface Component {
  readonly type: string;
  readonly format?: string;
  readonly text?: string;
  readonly example?: Record<string, unknown>;
  readonly buttons?: readonly { readonly type: string; readonly text?: string; readonly url?: string }[];
}

export interface ScriptedTemplate {
  readonly id: string;
  readonly name: string;
  readonly language: string;
  category: string;
  status: string;
  components: readonly Component[];
  parameter_format: string;
  rejected_reason: string;
}

export interface GraphFault {
  readonly code: number;
  readonly subcode?: number;
  readonly message?: string;
  readonly details?: string;
  readonly status?: number;
}

type Reply = { readonly json: unknown } | { readonly fault: GraphFault };

interface Parameter {
  readonly type?: string;
  readonly text?: string;
  readonly parameter_name?: string;
}
interface SentComponent {
  readonly type: string;
  readonly sub_type?: string;
  readonly index?: string;
  readonly parameters?: readonly Parameter[];
}
export interface SentTemplate {
  readonly name: string;
  readonly language: { readonly code: string };
  readonly components?: readonly SentComponent[];
}

const DAY_MS = 24 * 60 * 60_000;
const SLOT = /\{\{\s*(\w+)\s*\}\}/g;

export class CloudAccount {
  readonly id: string;
  readonly templates: ScriptedTemplate[] = [];
  /** How many creations and deletions were asked for, and lists. */
  readonly asked = { create: 0, list: 0, find: 0, remove: 0 };
  /** What a new template is at once. */
  firstStatus = 'PENDING';
  /** As which category it is taken. */
  firstCategory: string | null = null;
  tier: string | number = 'TIER_UNLIMITED';
  quality = 'GREEN';
  nameStatus = 'APPROVED';
  apps: unknown[] = [{ whatsapp_business_api_data: { name: 'App' } }];
  pageSize: number | null = null;
  /** Instead of an answer, once each. */
  readonly faults: { list?: GraphFault; create?: GraphFault; find?: GraphFault } = {};
  /** After doing it: the answer is lost. */
  losesNextCreate = false;
  /** Files that were handed over, in their order. */
  readonly files: { readonly place: string; readonly bytes: Buffer }[] = [];
  /** Marketing to these is held back. */
  readonly heldBack = new Set<string>();
  readonly #lastInbound = new Map<string, number>();
  readonly #reached = new Map<string, number>();
  #count = 0;

  constructor(id = '1001') {
    this.id = id;
  }

  /** Somebody writes to the number. */
  inbound(phone: string, atMs = Date.now()): void {
    this.#lastInbound.set(phone, atMs);
  }

  byName(name: string): ScriptedTemplate {
    return this.templates.find((one) => one.name === name)!;
  }

  add(given: Partial<ScriptedTemplate> & Pick<ScriptedTemplate, 'name' | 'components'>): ScriptedTemplate {
    this.#count += 1;
    const made: ScriptedTemplate = {
      id: `90071992547409${this.#count + 90}`,
      language: 'en',
      category: 'MARKETING',
      status: 'APPROVED',
      parameter_format: 'POSITIONAL',
      rejected_reason: 'NONE',
      ...given,
    };
    this.templates.push(made);
    return made;
  }

  /** null: nothing of an account's. */
  answer(method: string, pathname: string, query: URLSearchParams, json: unknown): Reply | null {
    if (new RegExp(`^/v\\d+\\.\\d/${this.id}/subscribed_apps$`).test(pathname))
      return { json: { data: this.apps } };
    if (!new RegExp(`^/v\\d+\\.\\d/${this.id}/message_templates$`).test(pathname)) return null;
    if (method === 'POST') return this.#create(json as Omit<ScriptedTemplate, 'id' | 'status'>);
    if (method === 'DELETE') return this.#remove(query);
    return this.#list(query);
  }

  #list(query: URLSearchParams): Reply {
    const name = query.get('name');
    const kind = name === null ? 'list' : 'find';
    this.asked[kind] += 1;
    const fault = this.faults[kind];
    if (fault && !(kind === 'list' && query.get('after') === null && this.pageSize !== null)) {
      delete this.faults[kind];
      return { fault };
    }
    const all = this.templates.filter((one) => name === null || one.name.includes(name));
    const size = Math.min(this.pageSize ?? 1_000, Number(query.get('limit') ?? 25));
    const from = Number(query.get('after') ?? 0);
    const next = from + size < all.length;
    return {
      json: {
        data: all.slice(from, from + size),
        paging: {
          cursors: { before: String(from), after: String(from + size) },
          ...(next && { next: `https://graph.facebook.com/next?access_token=secret&after=${from + size}` }),
        },
      },
    };
  }

  #create(given: Omit<ScriptedTemplate, 'id' | 'status'>): Reply {
    this.asked.create += 1;
    const { create } = this.faults;
    if (create) {
      delete this.faults.create;
      return { fault: create };
    }
    const { name, language, components = [] } = given;
    const body = components.find(({ type }) => type === 'BODY');
    const fault = this.#creationFault(name, language, components, body);
    if (fault) return { fault };
    const made = this.add({
      ...given,
      category: this.firstCategory ?? given.category,
      status: this.firstStatus,
    });
    if (this.losesNextCreate) {
      this.losesNextCreate = false;
      return { fault: { code: 2, status: 500 } };
    }
    return { json: { id: made.id, status: made.status, category: made.category } };
  }

  #creationFault(
    name: string,
    language: string,
    components: readonly Component[],
    body: Component | undefined,
  ): GraphFault | null {
    if (!/^[a-z0-9_]{1,512}$/.test(name)) return { code: 100, message: 'Invalid name' };
    if (this.templates.some((one) => one.name === name && one.language === language))
      return { code: 100, subcode: 2388024, message: 'Content in this language already exists' };
    const text = body?.text ?? '';
    if (text === '' || [...text].length > 1_024) return { code: 100, subcode: 2388040, message: 'Too long' };
    if (/^[^\p{L}\p{N}]*\{\{|\}\}[^\p{L}\p{N}]*$/u.test(text))
      return { code: 100, subcode: 2388299, message: 'Variables cannot be at the start or end' };
    const slots = [...text.matchAll(SLOT)].map(([, slot]) => slot);
    const words = text.replace(SLOT, ' ').match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
    if (slots.length > 0 && words < 2 * slots.length + 1)
      return { code: 100, subcode: 2388293, message: 'Too many variables for its length' };
    const example = body?.example as
      | { body_text?: string[][]; body_text_named_params?: unknown[] }
      | undefined;
    const samples = example?.body_text?.[0] ?? example?.body_text_named_params ?? [];
    if (samples.length !== new Set(slots).size || samples.includes(''))
      return { code: 100, message: 'A sample is missing for each variable' };
    const footer = components.find(({ type }) => type === 'FOOTER')?.text;
    const same = this.templates.find(
      (one) =>
        one.components.find(({ type }) => type === 'BODY')?.text === text &&
        one.components.find(({ type }) => type === 'FOOTER')?.text === footer,
    );
    if (same) return { code: 100, message: 'There is a template with the same body and footer' };
    const header = components.find(({ type }) => type === 'HEADER');
    if (header && ['IMAGE', 'VIDEO', 'DOCUMENT'].includes(header.format ?? '') && !header.example)
      return { code: 100, subcode: 2388047, message: 'A sample is missing for the header' };
    return null;
  }

  #remove(query: URLSearchParams): Reply {
    this.asked.remove += 1;
    const at = this.templates.findIndex(({ id }) => id === query.get('hsm_id'));
    if (at < 0) return { fault: { code: 100, subcode: 2593002, message: 'Not found' } };
    this.templates.splice(at, 1);
    return { json: { success: true } };
  }

  /** Media of messages, and samples of templates: a session first, then its bytes. */
  takeFile(place: string, bytes: Buffer): Record<string, unknown> {
    if (place.endsWith('/uploads')) return { id: 'upload:session-1' };
    this.files.push({ place, bytes });
    return place.endsWith('/media') ? { id: String(4_000 + this.files.length) } : { h: '4::handle' };
  }

  /** What the number says of itself. */
  health(): Record<string, unknown> {
    return {
      name_status: this.nameStatus,
      quality_rating: this.quality,
      whatsapp_business_manager_messaging_limit: this.tier,
    };
  }

  /** Why a message is not taken; null: it is. */
  refuse(to: string, template: SentTemplate | undefined, nowMs = Date.now()): GraphFault | null {
    const isOpen = nowMs - (this.#lastInbound.get(to) ?? Number.NEGATIVE_INFINITY) < DAY_MS;
    if (!template)
      return isOpen
        ? null
        : { code: 131047, message: 'Re-engagement message', details: 'More than 24 hours' };
    const known = this.templates.find(
      (one) => one.name === template.name && one.language === template.language.code,
    );
    if (!known) return { code: 132001, message: 'Template name does not exist in the translation' };
    if (known.status === 'PAUSED') return { code: 132015, message: 'Template is paused' };
    if (known.status === 'DISABLED') return { code: 132016, message: 'Template is disabled' };
    if (known.status !== 'APPROVED') return { code: 132001, message: 'Template is not approved' };
    const fault = fits(known, template.components ?? []);
    if (fault) return fault;
    if (!isOpen && known.category === 'MARKETING' && this.heldBack.has(to))
      return { code: 131049, message: 'Not delivered to maintain healthy ecosystem engagement' };
    if (!isOpen) {
      const limit = this.#limit();
      for (const [phone, at] of this.#reached) if (nowMs - at > DAY_MS) this.#reached.delete(phone);
      if (!this.#reached.has(to) && this.#reached.size >= limit)
        return { code: 131049, message: 'Messaging limit of the test', details: 'limit' };
      this.#reached.set(to, nowMs);
    }
    return null;
  }

  #limit(): number {
    if (typeof this.tier === 'number') return this.tier < 0 ? Number.POSITIVE_INFINITY : this.tier;
    const [, number, thousands] = /^TIER_(\d+)(K?)$/.exec(this.tier) ?? [];
    return number === undefined ? Number.POSITIVE_INFINITY : Number(number) * (thousands ? 1_000 : 1);
  }
}

/** One list of parameters for each component that has slots, as many as it has, and none for others. */
function fits(known: ScriptedTemplate, sent: readonly SentComponent[]): GraphFault | null {
  const wrong = (details: string): GraphFault => ({
    code: 132000,
    message: 'Number of parameters does not match the expected number of params',
    details,
  });
  const of = (type: string) => sent.filter((one) => one.type === type);
  const body = known.components.find(({ type }) => type === 'BODY');
  const slots = new Set([...(body?.text ?? '').matchAll(SLOT)].map(([, slot]) => slot));
  const given = of('body').flatMap(({ parameters = [] }) => parameters);
  if (given.length !== slots.size) return wrong(`body: expected ${slots.size}, got ${given.length}`);
  if (known.parameter_format === 'NAMED' && given.some(({ parameter_name: name }) => !slots.has(name)))
    return { code: 100, message: 'Parameter name is missing or empty' };
  for (const { text = '' } of given)
    if (text === '' || /[\n\t]| {5}/.test(text))
      return { code: 132018, message: 'Param text cannot be empty or have new-line, tab or 5 spaces' };
  const header = known.components.find(({ type }) => type === 'HEADER');
  const top = of('header').flatMap(({ parameters = [] }) => parameters);
  if (header?.format && header.format !== 'TEXT') {
    const type = top[0]?.type?.toUpperCase() ?? 'UNKNOWN';
    if (type !== header.format)
      return {
        code: 132012,
        message: 'Parameter format does not match',
        details: `header: Format mismatch, expected ${header.format}, received ${type}`,
      };
  } else {
    const wanted = [...(header?.text ?? '').matchAll(SLOT)].length;
    if (top.length !== wanted) return wrong(`header: expected ${wanted}, got ${top.length}`);
  }
  const buttons = known.components.find(({ type }) => type === 'BUTTONS')?.buttons ?? [];
  for (const [at, button] of buttons.entries()) {
    const own = of('button').find(({ index }) => index === String(at));
    const needs = button.type === 'COPY_CODE' || (button.type === 'URL' && /\{\{/.test(button.url ?? ''));
    if (needs && own?.parameters?.length !== 1) return wrong(`button ${at}: expected 1`);
  }
  if (of('button').some(({ index }) => buttons[Number(index)] === undefined)) return wrong('no such button');
  return null;
}
