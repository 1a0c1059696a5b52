import * as z from 'zod';
import { success } from '../core/leads/lead.schema.ts';
import { type Operation, operation } from './operation.ts';

/** What holds for everybody who calls, as the environment set it. Nothing of it is a secret. */
export interface Rules {
  readonly read_only: boolean;
  readonly confirm: 'ask' | 'token' | 'person' | 'off';
  readonly confirm_above: number;
  readonly max_per_contact: string | null;
  readonly default_country: string | null;
  readonly site_name: string | null;
  readonly postal_address: string | null;
  readonly email_footer: boolean;
  readonly public_url: string | null;
  readonly retain_messages_days: number | null;
  readonly events_keep_days: number;
  readonly audit_keep_days: number;
  readonly database: 'sqlite' | 'postgres';
}

const rules = z.looseObject({
  read_only: z.boolean().describe('TIDINGS_READ_ONLY: callers read and nothing else'),
  confirm: z.enum(['ask', 'token', 'person', 'off']).describe('TIDINGS_CONFIRM: who confirms live sends'),
  confirm_above: z.int().describe('TIDINGS_CONFIRM_ABOVE: asked for live sends to more people than this'),
  max_per_contact: z
    .string()
    .nullable()
    .describe('MAX_PER_CONTACT, such as 1/24h: whoever had as many is skipped; null: no limit'),
  default_country: z.string().nullable().describe('DEFAULT_COUNTRY: of phone numbers that do not say theirs'),
  site_name: z.string().nullable().describe('SITE_NAME: {{site.name}}'),
  postal_address: z.string().nullable().describe('POSTAL_ADDRESS: below emails'),
  email_footer: z.boolean().describe('EMAIL_FOOTER: emails without a way out are given one'),
  public_url: z.string().nullable().describe('PUBLIC_URL: where links of emails lead'),
  retain_messages_days: z.int().nullable().describe('RETAIN_MESSAGES_DAYS; null: texts are kept'),
  events_keep_days: z.int().describe('EVENTS_KEEP_DAYS'),
  audit_keep_days: z.int().describe('AUDIT_KEEP_DAYS'),
  database: z.enum(['sqlite', 'postgres']),
});

export function settingsOperations(held: Rules): Operation[] {
  return [
    operation({
      name: 'settings.get',
      summary:
        'Shows the rules that hold for everybody: who confirms, limits for each contact, what is kept how long.',
      effect: 'read',
      route: 'GET /settings',
      input: z.object({}),
      output: z.looseObject({ success, rules }),
      async run() {
        return { success: true as const, rules: { ...held } };
      },
    }),
  ];
}
