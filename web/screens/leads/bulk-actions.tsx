import { useState } from 'preact/hooks';
import { call } from '../../api/call.ts';
import type { Input } from '../../api/catalogue.ts';
import { t } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Choose } from '../../parts/field.tsx';
import { Notice } from '../../parts/notice.tsx';
import { tell, wordsOf } from '../../parts/toast.tsx';
import type { ListedLead } from './leads.tsx';

type Status = NonNullable<Input<'leads.update'>['status']>;
const STATUSES: readonly Status[] = ['new', 'contacted', 'qualified', 'converted', 'lost'];

interface Missed {
  readonly lead: ListedLead;
  readonly why: string;
}

/** What is done with those who are chosen; of whom it cannot be done is said who, and why. */
export function BulkActions({ leads, onDone }: { leads: readonly ListedLead[]; onDone: () => void }) {
  const [isErasing, setErasing] = useState(false);
  const [missed, setMissed] = useState<readonly Missed[]>([]);
  const words = t().leads;
  if (leads.length === 0 && missed.length === 0) return null;

  const each = async (work: (lead: ListedLead) => Promise<unknown>, done: (count: number) => string) => {
    const failed: Missed[] = [];
    for (const lead of leads)
      await work(lead).catch((error: unknown) => failed.push({ lead, why: wordsOf(error).join(' ') }));
    setMissed(failed);
    tell(done(leads.length - failed.length));
    onDone();
  };
  const setStatus = (status: string) =>
    each(({ id }) => call('leads.update', { lead_id: id, status: status as Status }), words.changed);
  const erase = () => each(({ id }) => call('leads.delete', { lead_id: id }), words.erased);
  return (
    <>
      {missed.length > 0 && (
        <div role="alert">
          <Notice title={words.notChanged(missed.length)} wrong>
            {missed.map(({ lead, why }) => (
              <p key={lead.id}>
                <a href={`/leads/${lead.id}`}>{lead.name ?? lead.email ?? words.unnamed}</a>: {why}
              </p>
            ))}
          </Notice>
        </div>
      )}
      {leads.length > 0 && (
        <section class="pager bulk" aria-label={words.selected(leads.length)}>
          <strong>{words.selected(leads.length)}</strong>
          <Choose
            isBare
            label={words.setStatus}
            value=""
            options={[
              ['', `${words.setStatus} …`],
              ...STATUSES.map((one) => [one, words.statuses[one]] as const),
            ]}
            onChange={(status) => status !== '' && void setStatus(status)}
          />
          <Button kind="danger" onClick={() => setErasing(true)}>
            {words.erase}
          </Button>
        </section>
      )}
      {isErasing && (
        <Dialog
          title={words.eraseTitle(leads.length)}
          action={words.eraseYes(leads.length)}
          kind="danger"
          onAct={erase}
          onClose={() => setErasing(false)}
        >
          <p>{words.eraseSays}</p>
        </Dialog>
      )}
    </>
  );
}
