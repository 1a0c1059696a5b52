import { useState } from 'preact/hooks';
import { sendConfirmed } from '../../api/confirmed.ts';
import { refresh } from '../../api/live.ts';
import { t } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { tell } from '../../parts/toast.tsx';
import type { SendDetails } from './send.tsx';

type Kind = 'failed' | 'skipped' | 'unknown';

/** The same template again: another one would be another message. */
function byTemplate({ name, language, values }: NonNullable<SendDetails['template']>) {
  return { template: { name, language }, template_values: values };
}

/** Those whom it did not reach, once more: by kind, for an unknown outcome is another risk than a known one. */
export function Retry({ send }: { send: SendDetails }) {
  const [isOpen, setOpen] = useState(false);
  const [kind, setKind] = useState<Kind>('failed');
  const words = t().send;
  const known = send.total_failed - send.total_unknown;
  const all: readonly (readonly [Kind, number, string])[] = [
    ['failed', known, words.retryFailed(known)],
    ['skipped', send.total_skipped, words.retrySkipped(send.total_skipped)],
    ['unknown', send.total_unknown, words.retryUnknown(send.total_unknown)],
  ];
  const kinds = all.filter(([, amount]) => amount > 0);
  if (kinds.length === 0 || send.problem === 'approval_needed') return null;
  const chosen = kinds.some(([one]) => one === kind) ? kind : kinds[0]![0];
  const act = async () => {
    await sendConfirmed({
      audience_id: send.audience_id,
      channel: send.channel as 'email' | 'whatsapp',
      campaign: send.campaign,
      message: send.message,
      ...(send.subject !== null && { subject: send.subject }),
      ...(send.from !== null && { from: send.from }),
      ...(send.mode === 'sandbox' && { sender: 'sandbox' }),
      ...(send.template && !send.template.made && byTemplate(send.template)),
      placeholder_policy: send.placeholder_policy,
      retry: chosen,
    });
    tell(words.retried);
    await refresh();
  };
  return (
    <>
      <Button onClick={() => setOpen(true)}>{words.retry}</Button>
      {isOpen && (
        <Dialog title={words.retryTitle} action={words.retry} onAct={act} onClose={() => setOpen(false)}>
          <div>
            {kinds.map(([one, , text]) => (
              <label key={one} class="choice">
                <input type="radio" name="retry" checked={one === chosen} onChange={() => setKind(one)} />
                {text}
              </label>
            ))}
          </div>
          <p class="quiet">{chosen === 'unknown' ? words.retryUnknownWarning : words.retrySays}</p>
        </Dialog>
      )}
    </>
  );
}
