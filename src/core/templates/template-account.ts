import type { Answered, TemplateRegistry } from './template-registry.ts';

/** What an account allows and how it stands, as its provider says. */
export interface AccountLimits {
  /** People outside of an open window that may be written to within any 24 hours; null: as many as there are. */
  readonly peoplePerDay: number | null;
  /** `green`, `yellow`, `red`; null: not known. */
  readonly quality: string | null;
}

/** An account where nobody is written to first without an approved wording. */
export interface TemplateAccount {
  /** As the provider knows it, and names it in what it says later. */
  readonly id: string;
  readonly templates: TemplateRegistry;
  /** Never rejects. */
  limits(): Promise<Answered<AccountLimits>>;
}
