import { contentOf, problemOf, type TemplateRow } from './template.store.ts';
import { usabilityOf } from './template.ts';

/** What a reviewer means by it, and what to change. */
const REASONS: Readonly<Record<string, string>> = {
  ABUSIVE_CONTENT: 'It reads as abusive or threatening: change the words.',
  CATEGORY_NOT_AVAILABLE: 'This category is not open to the account: use the other one.',
  INCORRECT_CATEGORY: 'It is of another category: a text that offers something is marketing.',
  INVALID_FORMAT:
    'Its form is wrong: variables need words around them, and links, headers and buttons their form.',
  PROMOTIONAL: 'It offers something, which its category does not allow: use marketing.',
  SCAM: 'It reads like a fraud: say who writes and why, and link to your own site only.',
  TAG_CONTENT_MISMATCH:
    'Its words do not fit its language or category: give the language that it is written in.',
};

/** Why nothing leaves by a template, and what can be done. `code` is a stable word. */
export interface TemplateObstacle {
  readonly code: string;
  readonly message: string;
  readonly said?: string;
  /** A person has to do something first; else it goes on by itself. */
  readonly isBlocked: boolean;
}

/** null: messages may leave by it. */
export function obstacleOf(row: TemplateRow): TemplateObstacle | null {
  const usability = usabilityOf(row.status);
  if (usability === 'usable') return null;
  const problem = problemOf(row);
  const said = problem?.said === undefined ? {} : { said: problem.said };
  const which = `The template ${row.name} (${contentOf(row).language})`;
  if (usability === 'blocked')
    return {
      code: `template_${row.status.toLowerCase()}`,
      message: `${which} ${whyBlocked(row)}`,
      ...said,
      isBlocked: true,
    };
  if (problem?.kind === 'account')
    return {
      code: problem.code,
      message: `${which} cannot be submitted or asked for. ${problem.message}`,
      ...said,
      isBlocked: true,
    };
  const later = problem ? ` The last try failed: ${problem.message}` : '';
  return {
    code: `template_${row.status.toLowerCase()}`,
    message: `${which} ${whyWaits(row)}${later}`,
    ...said,
    isBlocked: false,
  };
}

function whyWaits({ status, category }: TemplateRow): string {
  switch (status) {
    case 'DRAFT':
      return 'is being submitted.';
    case 'PAUSED':
      return 'is paused by the provider for low quality, for 3 or 6 hours; the send goes on when it is back.';
    case 'UNKNOWN':
      return 'is being asked for again: the provider did not take a message by it.';
    case 'IN_APPEAL':
      return 'was rejected, and the appeal is being looked at.';
    default:
      return `waits for approval (category ${category}): that takes minutes most often, and up to 24 hours. The send goes on by itself.`;
  }
}

function whyBlocked({ status, reason }: TemplateRow): string {
  switch (status) {
    case 'REJECTED': {
      const known = reason === null ? undefined : REASONS[reason];
      const why = known ? `${reason}: ${known}` : (reason ?? 'no reason was given.');
      return `was rejected. ${why} Then call again with the changed message, or with another template.`;
    }
    case 'DISABLED':
      return 'was disabled for low quality, for good: call again with a changed message, or with another template.';
    case 'ARCHIVED':
      return 'is archived since nobody used it for a year: bring it back on the page of the provider, or use another one.';
    case 'LIMIT_EXCEEDED':
      return 'does not fit into the account, which has as many templates as it may: delete some, then resume.';
    default:
      return 'was deleted at the provider: call again with a changed message, or with another template.';
  }
}
