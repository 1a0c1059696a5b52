import * as z from 'zod';
import { readSendMap } from '../../core/deliveries/send-map.store.ts';
import { success } from '../../core/leads/lead.schema.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { type Operation, operation } from '../operation.ts';
import { existingBriefSend } from './change-state.ts';
import { sendId } from './send.schema.ts';

const cell = z.looseObject({
  first: z.int().describe('Position of its first lead in the audience'),
  last: z.int(),
  looked: z
    .int()
    .describe('How many of its leads were looked at, evenly spread: 8, or all where there are fewer'),
  sent: z.int().describe('Of those that were looked at'),
  failed: z.int(),
  skipped: z.int(),
  unknown: z.int().describe('Part of failed'),
});

export function sendMap(ledger: Ledger): Operation {
  return operation({
    name: 'sends.map',
    summary: 'Shows the audience of a send in its order, in up to 64 pieces, and how far each of them is.',
    effect: 'read',
    isLive: true,
    route: 'GET /sends/{send_id}/map',
    input: z.object({ send_id: sendId }),
    output: z.looseObject({ success, cells: z.array(cell) }),
    async run({ send_id }) {
      const { seq, total } = await existingBriefSend(ledger, send_id);
      return { success: true as const, cells: await readSendMap(ledger, seq, total) };
    },
  });
}
