import { useEffect, useState } from 'preact/hooks';
import { fileUrl } from '../../api/call.ts';
import type { Input, Output } from '../../api/catalogue.ts';
import { useCall } from '../../api/use-call.ts';
import { t, time } from '../../i18n/index.ts';
import { buttonClass } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { type Column, Pager, Table } from '../../parts/table.tsx';
import { query } from '../../router.ts';
import { BulkActions } from './bulk-actions.tsx';
import { LeadFilters } from './lead-filters.tsx';

export type ListedLead = Output<'leads.list'>['leads'][number];
const SHOWN = 100;

/** Who there is: found, filtered, changed many at a time. */
export default function Leads() {
  const filters = filtersOf(query.value);
  const cursor = query.value.get('cursor');
  const { data, error, reload } = useCall('leads.list', {
    ...filters,
    order: 'newest',
    limit: SHOWN,
    ...(cursor && { cursor }),
  });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  // Who is not seen any more is not chosen any more.
  useEffect(() => setChosen(new Set()), [data]);
  const words = t().leads;
  const leads = data?.leads ?? [];
  const isFiltered = Object.keys(filters).length > 0;
  const columns = columnsFor(leads, chosen, setChosen);
  return (
    <Page
      title={words.title}
      beside={
        data && (
          <span class="quiet" role="status">
            {data.total_count === null ? words.manyMatch : words.total(data.total_count)}
          </span>
        )
      }
      actions={
        <>
          <a class={buttonClass()} href={fileUrl('leads.export', filters)} download>
            {words.csv}
          </a>
          <a class={buttonClass('first')} href="/leads/import">
            {words.import}
          </a>
        </>
      }
    >
      <LeadFilters />
      {error !== null && <ErrorNotice error={error} />}
      {data && leads.length === 0 && !isFiltered && (
        <Empty
          title={words.emptyTitle}
          text={words.emptyText}
          cli="tidings leads import people.csv"
          say={words.emptySay}
        >
          <a class={buttonClass('first')} href="/leads/import">
            {words.import}
          </a>
        </Empty>
      )}
      {data && leads.length === 0 && isFiltered && (
        <Empty title={words.emptyFiltered} text="">
          <a class={buttonClass()} href="/leads">
            {words.clearFilters}
          </a>
        </Empty>
      )}
      {leads.length > 0 && (
        <Table caption={words.title} columns={columns} rows={leads} keyOf={({ id }) => id}>
          <BulkActions leads={leads.filter(({ id }) => chosen.has(id))} onDone={reload} />
          <Pager next={data?.next_cursor ?? null} />
        </Table>
      )}
    </Page>
  );
}

type Filters = Pick<Input<'leads.list'>, 'search' | 'status' | 'origin' | 'reachable' | 'tag' | 'import_id'>;

/** Filters stand in the address: they can be passed on, and Back works. */
export function filtersOf(given: URLSearchParams): Filters {
  const names = ['search', 'status', 'origin', 'reachable', 'tag', 'import_id'] as const;
  const found = names.map((name) => [name, given.get(name)?.trim()] as const).filter(([, value]) => value);
  return Object.fromEntries(found) as Filters;
}

function columnsFor(
  leads: readonly ListedLead[],
  chosen: ReadonlySet<string>,
  setChosen: (next: ReadonlySet<string>) => void,
): readonly Column<ListedLead>[] {
  const words = t().leads;
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const isAll = leads.length > 0 && leads.every(({ id }) => chosen.has(id));
  return [
    {
      name: words.selectAll,
      isUnnamed: true,
      head: (
        <input
          type="checkbox"
          aria-label={words.selectAll}
          checked={isAll}
          onChange={() => setChosen(isAll ? new Set() : new Set(leads.map(({ id }) => id)))}
        />
      ),
      cell: ({ id, name, email }) => (
        <input
          type="checkbox"
          aria-label={words.select(name ?? email ?? words.unnamed)}
          checked={chosen.has(id)}
          onChange={() => toggle(id)}
        />
      ),
    },
    {
      name: words.name,
      cell: ({ id, name }) => <a href={`/leads/${id}`}>{name ?? words.unnamed}</a>,
    },
    { name: words.email, cell: ({ email }) => email },
    { name: words.phone, cell: ({ phone }) => phone && <span class="nowrap">{phone}</span> },
    { name: words.status, cell: ({ status }) => status && words.statuses[status] },
    { name: words.origin, cell: ({ origin }) => origin },
    {
      name: words.created,
      isNumber: true,
      cell: ({ created_at }) => created_at && <span class="nowrap">{time(created_at)}</span>,
    },
  ];
}
