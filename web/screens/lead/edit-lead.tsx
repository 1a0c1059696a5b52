import { useState } from 'preact/hooks';
import { call } from '../../api/call.ts';
import type { Input } from '../../api/catalogue.ts';
import { t } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { Field } from '../../parts/field.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { tell } from '../../parts/toast.tsx';
import type { LeadPage } from './lead.tsx';

const TEXTS = [
  'name',
  'first_name',
  'last_name',
  'email',
  'phone',
  'company',
  'position',
  'origin',
  'notes',
] as const;

/** Only what was changed is sent: two people who change other fields take nothing from each other. */
export function EditLead({ lead, onDone }: { lead: LeadPage['lead']; onDone: () => void }) {
  const [error, setError] = useState<unknown>(null);
  const labels: Readonly<Record<(typeof TEXTS)[number], string>> = {
    name: t().leads.name,
    first_name: t().lead.firstName,
    last_name: t().lead.lastName,
    email: t().leads.email,
    phone: t().leads.phone,
    company: t().leads.company,
    position: t().lead.position,
    origin: t().leads.origin,
    notes: t().lead.notes,
  };
  const save = async (event: Event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const changes: Record<string, unknown> = {};
    for (const name of TEXTS) {
      const value = String(form.get(name) ?? '').trim();
      if (value !== (lead[name] ?? '')) changes[name] = value === '' ? null : value;
    }
    const tags = String(form.get('tags') ?? '')
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
    if (tags.join() !== lead.tags.join()) changes['tags'] = tags;
    try {
      const input = { lead_id: lead.id, ...changes } as Input<'leads.update'>;
      const { warnings } = await call('leads.update', input);
      tell([t().leads.saved, ...warnings].join(' '));
      onDone();
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <form class="card form" onSubmit={save}>
      <div class="form-grid">
        {TEXTS.map((name) => (
          <Field
            key={name}
            name={name}
            label={labels[name]}
            value={lead[name] ?? ''}
            lines={name === 'notes' ? 3 : 1}
          />
        ))}
        <Field name="tags" label={t().lead.tags} hint={t().lead.tagsHint} value={lead.tags.join(', ')} />
      </div>
      {error !== null && <ErrorNotice error={error} />}
      <div class="actions">
        <Button type="submit" kind="first">
          {t().lead.save}
        </Button>
        <Button onClick={onDone}>{t().common.cancel}</Button>
      </div>
    </form>
  );
}
