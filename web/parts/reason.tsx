import { t } from '../i18n/index.ts';

interface ReasonProps {
  readonly code: string;
  readonly says: string | null;
}

/** Why somebody did not get it; what only the server has words for is marked as English, and read out as that. */
export function Reason({ code, says }: ReasonProps) {
  return t().reasons[code] ?? <span lang="en">{says ?? code}</span>;
}
