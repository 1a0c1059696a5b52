import type { Outcome } from '../../../core/deliveries/sender.ts';
import { languageKey, type TemplateContent } from '../../../core/templates/template.ts';
import type { TemplateRegistry } from '../../../core/templates/template-registry.ts';

type Found = { readonly sid: string } | { readonly refusal: Outcome };

/**
 * Under which SID Twilio has a template of a name: messages name it by that alone. Asked for once, however many messages
 * wait for it, and again after a while: somebody may make it anew.
 */
export class TemplateSids {
  readonly #registry: TemplateRegistry;
  readonly #asked = new Map<string, { readonly found: Promise<Found>; readonly until: number }>();

  constructor(registry: TemplateRegistry) {
    this.#registry = registry;
  }

  find(name: string, { language }: TemplateContent): Promise<Found> {
    const key = `${languageKey(language)} ${name}`;
    const known = this.#asked.get(key);
    if (known && known.until > performance.now()) return known.found;
    const found = this.#ask(name, language);
    this.#asked.set(key, { found, until: performance.now() + KEPT_MS });
    void found.then((one) => {
      if ('refusal' in one) this.#asked.delete(key);
    });
    return found;
  }

  /** It is not as it was known to be. */
  forget(): void {
    this.#asked.clear();
  }

  async #ask(name: string, language: string): Promise<Found> {
    const answer = await this.#registry.find(name);
    if (!answer.ok) {
      const { kind, code, message } = answer.problem;
      if (kind === 'account') return { refusal: { type: 'account', code, message } };
      return { refusal: { type: 'transient', scope: 'sender', code, message } };
    }
    const wanted = languageKey(language);
    const all = answer.value.filter(({ content }) => languageKey(content.language) === wanted);
    const one = all.find(({ status }) => status === 'APPROVED') ?? all[0];
    if (one) return { sid: one.providerId };
    const message = `Twilio has no template ${name} in ${language} any more; nothing was sent.`;
    return { refusal: { type: 'template_off', status: 'UNKNOWN', code: 'twilio_63027', message } };
  }
}

const KEPT_MS = 10 * 60_000;
