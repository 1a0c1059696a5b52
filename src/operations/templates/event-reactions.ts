import { goByTemplate } from '../../core/deliveries/go-by-template.ts';
import type { Sender } from '../../core/deliveries/sender.ts';
import { forgetLimits } from '../../core/deliveries/template-gate.ts';
import type { EventDetail } from '../../core/events/event.ts';
import type { Reactions } from '../../core/events/fold-events.ts';
import { applyTemplateChange } from '../../core/templates/keep-templates.ts';
import { readAccount, readTemplateChange } from '../../providers/whatsapp/cloud/webhook/read-change.ts';

/** What is told of templates and accounts, and of closed windows, has its effect here. */
export function templateReactions(senders: readonly Sender[]): Reactions {
  const sendersOf = (account: string | null) =>
    senders
      .filter((one) => one.account !== undefined && one.account.id === account)
      .map(({ about }) => about.id);
  return {
    async template_changed(tx, row) {
      const change = readTemplateChange(detailOf(row));
      if (change) for (const one of sendersOf(change.account)) await applyTemplateChange(tx, one, change);
    },
    async account_changed(tx, row) {
      for (const one of sendersOf(readAccount(detailOf(row)))) await forgetLimits(tx, one);
    },
    async failed(tx, row) {
      const { send_seq, position, attempt, code } = row;
      if (send_seq === null || position === null || attempt === null || code === null) return;
      if (detailOf(row).window === 'closes') await goByTemplate(tx, { send_seq, position, attempt, code });
    },
  };
}

function detailOf({ detail }: { readonly detail: string | null }): EventDetail {
  return JSON.parse(detail ?? '{}') as EventDetail;
}
