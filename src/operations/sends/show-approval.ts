import * as z from 'zod';
import { APPROVAL_MS, findRequest, isOpen } from '../../core/sends/approval.store.ts';
import type { SendRow } from '../../core/sends/send.store.ts';
import type { SendContext } from './send-bulk-messages.ts';

/** What a send tells of the person who has to approve it. */
export const approvalParts = {
  approval: z
    .looseObject({
      code: z
        .string()
        .describe('By which a person names it: tidings sends approve CODE. It is no right to do so'),
      url: z.string().describe('Where a person who signs in approves it, while a server runs'),
      recipients: z.int(),
      asked_at: z.string(),
      expires_at: z.string().describe('Nobody can approve it after that; the same call asks again'),
    })
    .optional()
    .describe('A person has to approve it before anything leaves'),
};

export async function showApproval(
  { ledger, dashboardUrl }: Pick<SendContext, 'ledger' | 'dashboardUrl'>,
  { id, seq, state }: Pick<SendRow, 'id' | 'seq' | 'state'>,
): Promise<{ approval?: z.output<typeof approvalParts.approval> }> {
  const request = state === 'paused' ? await findRequest(ledger, seq) : undefined;
  if (!request || !isOpen(request, Date.now())) return {};
  return {
    approval: {
      code: request.code!,
      url: `${dashboardUrl}/approvals/${id}`,
      recipients: request.recipients,
      asked_at: new Date(request.asked_at).toISOString(),
      expires_at: new Date(request.asked_at + APPROVAL_MS).toISOString(),
    },
  };
}
