import { useEffect, useState } from 'preact/hooks';
import { call } from '../../api/call.ts';
import type { Input, Output } from '../../api/catalogue.ts';
import { useCall } from '../../api/use-call.ts';
import { count, t, time } from '../../i18n/index.ts';
import { Button, buttonClass } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Mark } from '../../parts/mark.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { type Column, Pager, Table } from '../../parts/table.tsx';
import { tell } from '../../parts/toast.tsx';
import { navigate, query } from '../../router.ts';
import type { Screen } from '../../routes.ts';

type Audience = Output<'audience.list'>['audiences'][number];
type Member = Output<'audience.get'>['leads'][number];
type Choice = Omit<Input<'audience.count'>, 'where'>;
const STATUSES = ['new', 'contacted', 'qualified', 'converted', 'lost'] as const;
/** Counting begins when nobody has typed for so long. */
const PAUSE_MS = 350;

const Audiences: Screen = ({ id }) => (id === '' ? <All /> : <One id={id} />);
export default Audiences;

function All() {
  const words = t().work.audiences;
  const cursor = query.value.get('cursor');
  const { data, error, reload } = useCall('audience.list', { limit: 50, ...(cursor && { cursor }) });
  const columns: readonly Column<Audience>[] = [
    { name: t().work.name, cell: (row) => <a href={`/audiences/${row.id}`}>{row.name}</a> },
    {
      name: words.leads,
      isNumber: true,
      cell: (row) => (row.status === 'building' ? words.building : count(row.total_count)),
    },
    { name: words.made_at, isNumber: true, cell: ({ created_at }) => time(created_at) },
    {
      name: words.write,
      isUnnamed: true,
      cell: (row) => (
        <a class={buttonClass(undefined, true)} href={`/drafts/new?audience=${row.id}`}>
          {words.write}
        </a>
      ),
    },
  ];
  return (
    <Page title={t().nav.audiences}>
      <p class="quiet">{words.intro}</p>
      <Maker onMade={reload} />
      {error !== null && <ErrorNotice error={error} />}
      {data?.audiences.length === 0 && cursor === null && (
        <Empty
          title={words.none}
          text={words.noneText}
          cli='tidings audience create --name "Everybody"'
          say={words.noneSay}
        />
      )}
      {data && data.audiences.length > 0 && (
        <Table caption={t().nav.audiences} columns={columns} rows={data.audiences} keyOf={(row) => row.id}>
          <Pager next={data.next_cursor} />
        </Table>
      )}
    </Page>
  );
}

/** Who would be in it, told while the choice changes; then frozen. */
function Maker({ onMade }: { onMade: () => void }) {
  const words = t().work.audiences;
  const [choice, setChoice] = useState<Choice>({});
  const [asked, setAsked] = useState<Choice>({});
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(choice), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [choice]);
  // Counting goes through all leads: it is not done for whoever only looks at the list.
  const [isTouched, setTouched] = useState(false);
  const counted = useCall('audience.count', isTouched ? asked : null);
  const set = (key: keyof Choice, value: string) => {
    setTouched(true);
    const { [key]: _, ...rest } = choice;
    setChoice(value === '' ? rest : { ...rest, [key]: value });
  };
  const make = async (event: Event) => {
    event.preventDefault();
    try {
      const made = await call('audience.create', { ...choice, name });
      tell(words.made(made.name));
      setName('');
      setError(null);
      onMade();
    } catch (failure) {
      setError(failure);
    }
  };
  const text = (key: 'search' | 'origin' | 'tag' | 'country', label: string) => (
    <label class={key === 'search' ? 'field grow' : 'field'}>
      <span>{label}</span>
      <input
        class="input"
        size={key === 'country' ? 6 : 14}
        value={choice[key] ?? ''}
        onInput={(event) => set(key, event.currentTarget.value)}
      />
    </label>
  );
  const { data } = counted;
  return (
    <form class="card group" onSubmit={make} onFocusCapture={() => setTouched(true)}>
      <h2>{words.make}</h2>
      <div class="filters">
        {text('search', words.search)}
        <label class="field">
          <span>{words.status}</span>
          <select
            class="input"
            value={choice.status ?? ''}
            onChange={(event) => set('status', event.currentTarget.value)}
          >
            <option value="">{words.any}</option>
            {STATUSES.map((one) => (
              <option key={one} value={one}>
                {t().leads.statuses[one]}
              </option>
            ))}
          </select>
        </label>
        {text('origin', words.origin)}
        {text('tag', words.tag)}
        {text('country', words.country)}
      </div>
      <div aria-live="polite">
        {counted.error !== null && <ErrorNotice error={counted.error} />}
        {data && (
          <>
            <p class="sentence">
              <strong>{words.counted(data.total_count)}</strong>.{' '}
              {words.reach(data.reach.email.reachable, data.reach.whatsapp.reachable)}
            </p>
            {data.reach.email.suppressed + data.reach.whatsapp.suppressed > 0 && (
              <p class="quiet">
                {words.suppressed(Math.max(data.reach.email.suppressed, data.reach.whatsapp.suppressed))}
              </p>
            )}
            {data.reads_all_leads && <p class="quiet">{words.readsAll}</p>}
            <p class="quiet">{data.example_leads.map((lead) => lead.name ?? lead.email ?? '–').join(', ')}</p>
          </>
        )}
      </div>
      <div class="filters">
        <label class="field grow">
          <span>{words.called}</span>
          <input
            class="input"
            required
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <Button type="submit" kind="first" disabled={data?.total_count === 0}>
          {words.freeze}
        </Button>
      </div>
      {error !== null && <ErrorNotice error={error} />}
    </form>
  );
}

function One({ id }: { id: string }) {
  const words = t().work.audiences;
  const page = Math.max(1, Number(query.value.get('page') ?? 1) || 1);
  const { data, error } = useCall('audience.get', { audience_id: id, page });
  const [isDeleting, setDeleting] = useState(false);
  const columns: readonly Column<Member>[] = [
    {
      name: t().work.name,
      cell: (lead) => <a href={`/leads/${lead.id}`}>{lead.name ?? lead.email ?? lead.phone ?? '–'}</a>,
    },
    { name: t().common.email, cell: ({ email }) => email ?? '' },
    { name: t().common.whatsapp, cell: ({ phone }) => phone ?? '' },
    { name: t().work.channels.state, cell: ({ send_status }) => <Mark status={send_status} /> },
  ];
  if (error !== null)
    return (
      <Page title={t().nav.audiences}>
        <ErrorNotice error={error} />
      </Page>
    );
  if (data === null) return null;
  return (
    <Page
      title={data.name}
      beside={<span class="quiet">{words.counted(data.total_count)}</span>}
      actions={
        <>
          <Button onClick={() => setDeleting(true)}>{words.delete}</Button>
          <a class={buttonClass('first')} href={`/drafts/new?audience=${id}`}>
            {words.write}
          </a>
        </>
      }
    >
      <Table caption={data.name} columns={columns} rows={data.leads} keyOf={(lead) => lead.id}>
        <Pager name="page" next={data.has_more ? String(page + 1) : null}>
          <span class="quiet">{words.page(data.page, Math.max(1, data.total_pages))}</span>
        </Pager>
      </Table>
      {isDeleting && (
        <Dialog
          title={words.deleteTitle(data.name)}
          action={words.delete}
          kind="danger"
          onAct={async () => {
            await call('audience.delete', { audience_id: id });
            navigate('/audiences');
          }}
          onClose={() => setDeleting(false)}
        >
          <p>{words.deleteSays}</p>
        </Dialog>
      )}
    </Page>
  );
}
