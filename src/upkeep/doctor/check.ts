import { HOLD_FIX, type Hold, whyHeld } from '../../core/holds/hold.ts';
import { TidingsError } from '../../errors.ts';

export interface Check {
  readonly name: string;
  /** null: there is nothing to check, as with a sandbox. */
  readonly ok: boolean | null;
  /** It works as it is (`ok`), and a person should know. */
  readonly isWarning?: boolean;
  readonly detail: string;
  /** What a provider said about it, word for word. */
  readonly said?: string;
  readonly fix?: string;
}

export function good(name: string, detail: string): Check {
  return { name, ok: true, detail };
}

/** It works as it is, and a person should know. */
export function warning(name: string, detail: string, fix: string): Check {
  return { name, ok: true, isWarning: true, detail, fix };
}

export function bad(name: string, detail: string, fix: string): Check {
  return { name, ok: false, detail, fix };
}

/** Told only where there is one. */
export function checkHold(hold: Hold | null): Check[] {
  return hold ? [bad('restored', whyHeld(hold), HOLD_FIX)] : [];
}

/** @param error told when it is one of ours; others may hold what nobody should read. */
export function failed(name: string, error: unknown): Check {
  if (error instanceof TidingsError) return { name, ok: false, detail: error.message, fix: error.fix };
  return { name, ok: false, detail: 'it failed in an unexpected way' };
}
