import { LEAD_STATUSES } from '../lead.schema.ts';
import { fold } from './fold.ts';

type Status = (typeof LEAD_STATUSES)[number];
const WORDS: Record<Status, string> = {
  new: 'new nuevo nueva novo nova neu nouveau nouvelle nuovo nuova ny',
  contacted:
    'contacted contactado contactada contatado contatada kontaktiert contacte contactee contattato kontaktad',
  qualified:
    'qualified calificado calificada cualificado cualificada qualificado qualificada qualifiziert qualifie qualificato',
  converted:
    'converted convertido convertida won ganado ganada ganho konvertiert gewonnen converti gagne convertito vinto',
  lost: 'lost perdido perdida verloren perdu perso forlorad',
};
const STATUS_OF = new Map<string, Status>(
  LEAD_STATUSES.flatMap((status) => WORDS[status].split(' ').map((word) => [word, status] as const)),
);
const read = new Map<string, Status | undefined>();

export function parseStatus(text: string): Status | undefined {
  if (read.has(text)) return read.get(text);
  const status = STATUS_OF.get(fold(text));
  if (read.size < 500) read.set(text, status);
  return status;
}
