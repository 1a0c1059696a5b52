/**
 * Every code of ours that a delivery can carry; the others are the providers' own. What it makes of the row, and a
 * sentence: docs/reference/error-codes.md is made from this, and a test holds it against the code.
 */
export const REASONS = {
  lead_deleted: { row: 'skipped', says: 'The lead was deleted after the audience was frozen.' },
  missing_email: { row: 'skipped', says: 'The lead has no email address.' },
  invalid_email: { row: 'skipped', says: 'What stands there is not an address that mail can be sent to.' },
  missing_phone: { row: 'skipped', says: 'The lead has no phone number.' },
  invalid_phone: { row: 'skipped', says: 'What stands there is not a phone number with its country.' },
  duplicate_contact: {
    row: 'skipped',
    says: 'An earlier lead of the audience has the same contact, and gets the message.',
  },
  unsubscribed: { row: 'skipped', says: 'The contact is suppressed: they left the list.' },
  bounced: { row: 'skipped', says: 'The contact is suppressed: an earlier message found nobody there.' },
  complained: { row: 'skipped', says: 'The contact is suppressed: they reported a message as spam.' },
  not_opted_in: {
    row: 'skipped',
    says: 'The file that the contact came with says that they never agreed to be written to.',
  },
  opted_out: { row: 'skipped', says: 'The contact is suppressed: they told the provider to stop.' },
  erased: { row: 'skipped', says: 'The person was erased while the send was under way.' },
  too_soon: {
    row: 'skipped',
    says: 'The contact has had as many messages lately as `MAX_PER_CONTACT` allows, or WhatsApp held marketing back for them within 24 hours.',
  },
  values_too_long: {
    row: 'skipped',
    says: "This lead's values add over a million characters to the message.",
  },
  unresolved_merge_field: {
    row: 'skipped',
    says: 'A merge field has no value for this lead, and the send was told to skip such leads.',
  },
  template_value_missing: {
    row: 'skipped',
    says: 'Only a template reaches this contact, and the lead has no value for one of its slots. Give it a default.',
  },
  smtputf8_unsupported: {
    row: 'skipped',
    says: 'The address has letters beyond ASCII before the @, and the mail server takes none.',
  },
  outcome_unknown: {
    row: 'failed',
    says: 'The message may or may not have left: the process was killed, or the line broke, before the answer. It is never sent again on its own; `retry: "unknown"` does.',
  },
  bounce_hard: { row: 'failed', says: 'It was sent and came back: there is nobody at this address.' },
  bounce_soft: {
    row: 'failed',
    says: 'It was sent and came back: the mailbox or its server took nothing for the time being.',
  },
  bounce_message: {
    row: 'failed',
    says: 'It was sent and came back: the receiving server refused what it says, or how long it is.',
  },
  bounce_sender: {
    row: 'failed',
    says: 'It was sent and came back: the receiving server refused who it came from.',
  },
  provider_suppressed: {
    row: 'failed',
    says: 'The provider keeps the address on a list of its own (bounces, complaints, people who left), and did not send it. Lifting our suppression leaves theirs.',
  },
  provider_refused: {
    row: 'failed',
    says: 'The provider took the message, and then did not send it; its words say why.',
  },
  not_delivered: {
    row: 'failed',
    says: 'The provider took the message, and told later that it did not arrive, without a reason.',
  },
  message_empty: {
    row: 'failed',
    says: 'Nothing is left of the message for this lead: its merge fields have no value. Give them a default.',
  },
  message_too_long: {
    row: 'failed',
    says: "With this lead's values the text is longer than the channel takes.",
  },
  message_too_large: {
    row: 'pending',
    says: 'The message is larger than the mail server takes. The send is paused, for all would be.',
  },
  process_stalled: {
    row: 'pending',
    says: 'The process stood still and may have lost its right to send. Nothing left; another one sends it.',
  },
  channel_closed: { row: 'pending', says: 'The process was ending. Nothing left; the next one sends it.' },
  dkim_failed: {
    row: 'pending',
    says: 'The message could not be signed with the key of DKIM. Nothing leaves unsigned: all sends of the sender are paused.',
  },
  outbox_unavailable: {
    row: 'pending',
    says: 'The outbox of the sandbox cannot be written: is the data folder writable and not full?',
  },
  internal: {
    row: 'pending',
    says: 'A fault of Tidings itself before the message left; it is tried again. The log says more.',
  },
} as const satisfies Readonly<
  Record<string, { readonly row: 'skipped' | 'failed' | 'pending'; readonly says: string }>
>;
export type Reason = keyof typeof REASONS;
