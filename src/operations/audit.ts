import * as z from 'zod';
import { listAudit } from '../core/access/audit.store.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Operation, operation } from './operation.ts';
import { readCursor } from './page.ts';

const entry = z.looseObject({
  at: z.string(),
  who: z.string().describe('The key or person, as it was called then'),
  who_id: z.string().nullable(),
  door: z.string(),
  client: z.string().nullable().describe('The program, as it names itself'),
  operation: z.string(),
  subject: z.string().nullable().describe('Id of what it was done to'),
  answer: z.string().describe('done, dry_run, or the code of the refusal'),
});

/** What callers did that changed something, or were refused for who they are. */
export function auditOperations({ ledger }: { ledger: Ledger }): Operation[] {
  return [
    operation({
      name: 'audit.list',
      summary: 'Lists who did what, newest first.',
      effect: 'administer',
      route: 'GET /audit',
      input: z.object({
        limit: z.int().min(1).max(200).default(50).describe('Entries in one answer'),
        cursor: z.string().max(100).optional().describe('next_cursor of the answer before'),
      }),
      output: z.looseObject({
        success: z.literal(true),
        entries: z.array(entry),
        next_cursor: z.string().nullable(),
      }),
      async run({ limit, cursor }) {
        const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : readCursor(cursor);
        const rows = await listAudit(ledger, before, limit + 1);
        const shown = rows.slice(0, limit);
        return {
          success: true as const,
          entries: shown.map(({ seq: _, at, ...row }) => ({ at: new Date(at).toISOString(), ...row })),
          next_cursor: rows.length > shown.length ? String(shown.at(-1)!.seq) : null,
        };
      },
    }),
  ];
}
