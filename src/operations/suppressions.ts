import * as z from 'zod';
import type { ChannelName } from '../core/channel.ts';
import { suppress } from '../core/deliveries/delivery.store.ts';
import { normalizeContact } from '../core/leads/contact.ts';
import { success } from '../core/leads/lead.schema.ts';
import { SUPPRESSION_REASONS } from '../core/suppressions/suppression.ts';
import { TidingsError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Operation, operation } from './operation.ts';
import { channelName, suppression } from './sends/send.schema.ts';

const contact = z
  .string()
  .trim()
  .min(1)
  .max(320)
  .describe('Email address, or phone number with country code');

/** Contacts that no send of a channel may reach, whatever lead they belong to. */
export function suppressionOperations(options: {
  ledger: Ledger;
  defaultCountry: string | null;
}): Operation[] {
  const { ledger } = options;
  const normalized = (channel: ChannelName, given: string): string => {
    const read = normalizeContact(channel, given, options.defaultCountry);
    if (read.ok) return read.value;
    const what = channel === 'email' ? 'email address' : 'phone number';
    throw new TidingsError('invalid_argument', `"${given}" is not a usable ${what}: ${read.reason}`);
  };
  return [
    operation({
      name: 'suppressions.list',
      summary: 'Lists the contacts that must not be messaged, with the reason.',
      effect: 'read',
      route: 'GET /suppressions',
      input: z.object({
        channel: channelName.optional(),
        limit: z.int().min(1).max(200).default(50),
        cursor: z.string().max(400).optional().describe('next_cursor of the answer before'),
      }),
      output: z.looseObject({
        success,
        suppressions: z.array(suppression),
        next_cursor: z.string().nullable(),
      }),
      async run({ channel, limit, cursor }) {
        const [afterChannel = '', afterContact = ''] = cursor?.split(' ') ?? [];
        const rows = await ledger.all<z.output<typeof suppression>>(
          `SELECT channel, contact, reason, created_at FROM suppressions
           WHERE (channel, contact) > (?, ?) AND channel = coalesce(CAST(? AS TEXT), channel) ORDER BY channel, contact LIMIT ?`,
          afterChannel,
          afterContact,
          channel ?? null,
          limit + 1,
        );
        const shown = rows.slice(0, limit);
        const last = rows.length > shown.length ? shown.at(-1)! : null;
        return {
          success: true as const,
          suppressions: shown,
          next_cursor: last && `${last.channel} ${last.contact}`,
        };
      },
    }),

    operation({
      name: 'suppressions.add',
      summary: 'Keeps a contact from being messaged over a channel, from now on.',
      effect: 'write',
      route: 'POST /suppressions',
      input: z.object({
        channel: channelName,
        contact,
        reason: z.enum(SUPPRESSION_REASONS).default('unsubscribed'),
      }),
      output: z.looseObject({ success, channel: channelName, contact: z.string() }),
      async run({ channel, contact: given, reason }) {
        const value = normalized(channel, given);
        await ledger.write((tx) => suppress(tx, channel, value, reason));
        return { success: true as const, channel, contact: value };
      },
    }),

    operation({
      name: 'suppressions.remove',
      summary: 'Lets a contact be messaged again. Only with that person’s consent.',
      effect: 'write',
      route: 'DELETE /suppressions',
      input: z.object({ channel: channelName, contact }),
      output: z.looseObject({ success, channel: channelName, contact: z.string() }),
      async run({ channel, contact: given }) {
        const value = normalized(channel, given);
        const removed = await ledger.write((tx) =>
          tx.run('DELETE FROM suppressions WHERE channel = ? AND contact = ?', channel, value),
        );
        if (removed === 0) throw new TidingsError('not_found', `${value} is not suppressed for ${channel}.`);
        return { success: true as const, channel, contact: value };
      },
    }),
  ];
}
