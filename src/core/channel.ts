export const CHANNEL_NAMES = ['whatsapp', 'email'] as const;
export type ChannelName = (typeof CHANNEL_NAMES)[number];

/**
 * What tells the channels apart for everything that stores and selects: the column of a lead that holds the contact as
 * it was given, the column that holds its normalised key, the reasons why a lead without a usable one is skipped, and what
 * a message can have.
 */
export const CHANNELS = {
  email: {
    given: 'email',
    key: 'email_key',
    missing: 'missing_email',
    invalid: 'invalid_email',
    contact: 'email address',
    hasHtml: true,
    hasSubject: true,
  },
  whatsapp: {
    given: 'phone',
    key: 'phone_key',
    missing: 'missing_phone',
    invalid: 'invalid_phone',
    contact: 'phone number',
    hasHtml: false,
    hasSubject: false,
  },
} as const satisfies Record<ChannelName, object>;
