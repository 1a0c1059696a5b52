import type { Category, TemplateContent, TemplateStatus } from './template.ts';

/** A template as its provider has it. */
export interface ProviderTemplate {
  /** Text: some providers' ids are numbers that no double holds. */
  readonly providerId: string;
  readonly name: string;
  readonly status: TemplateStatus;
  /** In small letters; what nobody knew when this was written, too. */
  readonly category: string;
  readonly content: TemplateContent;
  /** Why it was rejected or paused; null: it was not, or nobody says. */
  readonly reason: string | null;
  /** `green`, `yellow`, `red`; null: not known. */
  readonly quality: string | null;
}

export interface TemplateDraft {
  readonly name: string;
  readonly category: Category;
  readonly content: TemplateContent;
  /** By the key of its slot: what a recipient could read there. Every slot has one. */
  readonly samples: Readonly<Record<string, string>>;
}

/** Why something was not done. */
export interface RegistryProblem {
  /**
   * `refused`: it is wrong, and a person changes it; `exists`: there is one of this name; `account`: the right, the token
   * or the account is missing; `later`: nobody knows, or not now.
   */
  readonly kind: 'refused' | 'exists' | 'account' | 'later';
  readonly code: string;
  /** What happened and the way out. Sentences of ours. */
  readonly message: string;
  /** The provider's own words. */
  readonly said?: string;
}

export type Answered<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: RegistryProblem };

export interface TemplatePage {
  readonly templates: readonly ProviderTemplate[];
  /** null: it was the last. */
  readonly next: string | null;
}

/** Where a provider keeps the templates of one account. No method rejects for something expected. */
export interface TemplateRegistry {
  /** A page of all there are; `next` of the page before. */
  list(cursor: string | null): Promise<Answered<TemplatePage>>;
  /** Every language of a name: none is an answer too. */
  find(name: string): Promise<Answered<readonly ProviderTemplate[]>>;
  submit(
    draft: TemplateDraft,
  ): Promise<Answered<Pick<ProviderTemplate, 'providerId' | 'status' | 'category'>>>;
  /** One language of it; that it was not there is no problem. */
  remove(template: { readonly name: string; readonly providerId: string }): Promise<Answered<null>>;
}
