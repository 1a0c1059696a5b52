import type { Outcome } from '../../core/deliveries/sender.ts';

const INVALID_PHONE: Outcome = {
  type: 'skipped',
  code: 'invalid_phone',
  message: 'This is not a phone number in international form.',
};

/** What is no phone number is not asked about; null: it is one. */
export function refuseContact(contact: string): Outcome | null {
  return /^\+\d{5,15}$/.test(contact) ? null : INVALID_PHONE;
}
