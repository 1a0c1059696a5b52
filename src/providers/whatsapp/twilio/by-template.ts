import type { Outcome } from '../../../core/deliveries/sender.ts';

/** Codes that say something of the template, and not of whom it was to go to. */
const OFF: Readonly<Record<string, 'PAUSED' | 'DISABLED' | 'UNKNOWN'>> = {
  ...{ twilio_21655: 'UNKNOWN', twilio_21656: 'UNKNOWN', twilio_63027: 'UNKNOWN', twilio_63028: 'UNKNOWN' },
  ...{ twilio_63040: 'UNKNOWN', twilio_63041: 'PAUSED', twilio_63042: 'DISABLED' },
};

/**
 * What an outcome means for a message that has a template: a closed window is the way to it, and a template that is not
 * taken is no lead's failure.
 */
export function withTemplate(outcome: Outcome, byTemplate: boolean): Outcome {
  if (outcome.type === 'accepted') return outcome;
  const { code, message, said } = outcome;
  const told = { code, message, ...(said !== undefined && { said }) };
  if (!byTemplate) return code === 'twilio_63016' ? { type: 'window_closed', ...told } : outcome;
  const status = OFF[code];
  return status === undefined ? outcome : { type: 'template_off', status, ...told };
}
