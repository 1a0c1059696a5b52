import type { TemplateGate } from '../deliveries/template-gate.ts';
import type { SendProblem, Wait } from '../sends/send.ts';

/** Why those wait whom only a template reaches, and until when where that is known. */
export function waitOf({ obstacle, roomAt }: TemplateGate): {
  readonly what: Wait;
  readonly problem: SendProblem;
  readonly untilMs?: number | null;
} {
  if (obstacle) return { what: 'template_approval', problem: obstacle };
  return {
    what: 'messaging_limit',
    problem: {
      code: 'messaging_limit',
      message:
        'The account has written to as many people first as it may within 24 hours; the send goes on by itself as they pass.',
    },
    untilMs: roomAt,
  };
}
