import { t } from './index.ts';

/** Why somebody did not get it: by its code where it is one of ours, else as the server has it. */
export function reasonWords(code: string, says: string | null): string {
  return t().reasons[code] ?? says ?? code;
}
