import { setTimeout as sleep } from 'node:timers/promises';
import type { TemplateAccount } from '../../core/templates/template-account.ts';
import type { ProviderTemplate, TemplateRegistry } from '../../core/templates/template-registry.ts';

/** As quickly as nobody at WhatsApp is. */
const REVIEW_MS = 1_500;
const REMEMBERED = 200;

/**
 * A WhatsApp number that is nowhere: it has windows and templates as a real one has, each approved after a moment, and
 * remembers the first messages that it took, so that somebody can say what became of them.
 */
export class SandboxNumber {
  readonly #templates: ProviderTemplate[] = [];
  readonly taken: { readonly attemptId: string; readonly contact: string }[] = [];

  readonly account: TemplateAccount = {
    id: 'sandbox',
    templates: this.#registry(),
    limits: async () => ({ ok: true, value: { peoplePerDay: null, quality: 'green' } }),
  };

  take(attemptId: string, contact: string): void {
    if (this.taken.length < REMEMBERED) this.taken.push({ attemptId, contact });
  }

  #registry(): TemplateRegistry {
    const named = (name: string) => this.#templates.filter((one) => one.name === name);
    return {
      list: async () => ({ ok: true, value: { templates: [...this.#templates], next: null } }),
      find: async (name) => ({ ok: true, value: named(name) }),
      submit: async ({ name, category, content }) => {
        const providerId = `sandbox-${this.#templates.length + 1}`;
        const made = { providerId, name, category, content, reason: null, quality: null };
        this.#templates.push({ ...made, status: 'PENDING' });
        await sleep(REVIEW_MS);
        this.#templates.splice(
          this.#templates.findIndex((one) => one.providerId === providerId),
          1,
          {
            ...made,
            status: 'APPROVED',
          },
        );
        return { ok: true, value: { providerId, status: 'APPROVED', category } };
      },
      remove: async ({ providerId }) => {
        const at = this.#templates.findIndex((one) => one.providerId === providerId);
        if (at >= 0) this.#templates.splice(at, 1);
        return { ok: true, value: null };
      },
    };
  }
}
