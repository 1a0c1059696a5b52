import { useState } from 'preact/hooks';
import { call } from '../../api/call.ts';
import type { Output } from '../../api/catalogue.ts';
import { useCall } from '../../api/use-call.ts';
import { t } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Mark } from '../../parts/mark.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { Reason } from '../../parts/reason.tsx';
import { tell } from '../../parts/toast.tsx';
import { navigate } from '../../router.ts';
import { channelName } from '../send-words.tsx';
import { EditLead } from './edit-lead.tsx';
import { Timeline } from './timeline.tsx';

export type LeadPage = Output<'leads.get'>;

/** One person: may they be messaged, what did they get, what did they say. */
export default function LeadScreen({ id }: { id: string }) {
  const { data, error, reload } = useCall('leads.get', { lead_id: id, limit: 100 });
  const [isEditing, setEditing] = useState(false);
  const [isErasing, setErasing] = useState(false);
  if (!data) return error === null ? null : <ErrorNotice error={error} />;
  const { lead } = data;
  const words = t().lead;
  const erase = async () => {
    await call('leads.delete', { lead_id: lead.id });
    tell(t().leads.erased(1));
    navigate('/leads');
  };
  return (
    <Page
      title={lead.name ?? lead.email ?? lead.phone ?? t().leads.unnamed}
      beside={<span class="quiet">{t().leads.statuses[lead.status]}</span>}
      actions={
        <>
          <Button onClick={() => setEditing(!isEditing)} expanded={isEditing}>
            {words.edit}
          </Button>
          <Button kind="danger" onClick={() => setErasing(true)}>
            {t().leads.erase}
          </Button>
        </>
      }
    >
      {isErasing && (
        <Dialog
          title={t().leads.eraseTitle(1)}
          action={t().leads.eraseYes(1)}
          kind="danger"
          onAct={erase}
          onClose={() => setErasing(false)}
        >
          <p>{t().leads.eraseSays}</p>
        </Dialog>
      )}
      {isEditing && (
        <EditLead
          lead={lead}
          onDone={() => {
            setEditing(false);
            reload();
          }}
        />
      )}
      <div class="two">
        <section class="card" aria-label={words.may}>
          <h2>{words.may}</h2>
          <ul class="reach">
            {(['email', 'whatsapp'] as const).map((channel) => (
              <Reach key={channel} channel={channel} page={data} />
            ))}
          </ul>
        </section>
        <Fields page={data} />
      </div>
      <Timeline page={data} />
    </Page>
  );
}

function Reach({ channel, page }: { channel: 'email' | 'whatsapp'; page: LeadPage }) {
  const { lead, reach } = page;
  const { reachable, code, says } = reach[channel];
  const contact = channel === 'email' ? lead.email : lead.phone;
  return (
    <li>
      <Mark status={reachable ? 'sent' : 'skipped'} word={channelName(channel)} />
      <span>
        <strong>{reachable ? t().lead.yes : t().lead.no}</strong> {contact}
        {!reachable && <span class="quiet"> · {code !== null && <Reason code={code} says={says} />}</span>}
      </span>
    </li>
  );
}

function Fields({ page }: { page: LeadPage }) {
  const { lead } = page;
  const words = t().lead;
  const rows: readonly (readonly [string, string | null])[] = [
    [t().leads.company, lead.company],
    [words.position, lead.position],
    [t().leads.origin, lead.origin],
    [words.tags, lead.tags.join(', ') || null],
    [words.notes, lead.notes],
    ...Object.entries(lead.metadata).map(
      ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
    ),
  ];
  const shown = rows.filter(([, value]) => value !== null && value !== '');
  if (shown.length === 0) return null;
  return (
    <section class="card" aria-label={words.fields}>
      <h2>{words.fields}</h2>
      <dl class="fields">
        {shown.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
