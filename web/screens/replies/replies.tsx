import type { Input, Output } from '../../api/catalogue.ts';
import { usePolled } from '../../api/use-polled.ts';
import { t, time } from '../../i18n/index.ts';
import { Empty } from '../../parts/empty.tsx';
import { FilterTabs } from '../../parts/filter-tabs.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { Reason } from '../../parts/reason.tsx';
import { type Column, Pager, Table } from '../../parts/table.tsx';
import { query } from '../../router.ts';

type Told = Output<'events.list'>['events'][number];
const TYPES = [
  'replied',
  'unsubscribed',
  'opted_out',
  'bounced',
  'complained',
  'clicked',
  'failed',
  'delivered',
] as const;

export default function Replies() {
  const words = t().work.replies;
  const type = TYPES.find((one) => one === query.value.get('type'));
  const send_id = query.value.get('send');
  const cursor = query.value.get('cursor');
  const input: Input<'events.list'> = {
    limit: 50,
    ...(type && { type }),
    ...(send_id && { send_id }),
    ...(cursor && { cursor }),
  };
  const { data, error } = usePolled('events.list', input);
  const columns: readonly Column<Told>[] = [
    { name: t().work.when, cell: ({ occurred_at }) => time(occurred_at) },
    {
      name: t().work.contact,
      cell: ({ lead_id, contact }) =>
        lead_id === null ? (contact ?? '–') : <a href={`/leads/${lead_id}`}>{contact ?? '–'}</a>,
    },
    { name: words.what, cell: (row) => words.types[row.type as 'replied'] ?? row.type },
    {
      name: words.said,
      cell: ({ text, code, reason, provider_said }) => (
        <>
          {text !== null && <q class="message-text">{text}</q>}
          {text === null && code !== null && <Reason code={code} says={reason} />}
          {provider_said !== null && <q class="quiet said">{provider_said}</q>}
        </>
      ),
    },
    {
      name: words.toSend,
      cell: (row) => row.send_id !== null && <a href={`/sends/${row.send_id}`}>{words.toSend}</a>,
    },
  ];
  return (
    <Page title={t().nav.replies}>
      <p class="quiet">{words.intro}</p>
      <FilterTabs label={words.what} name="type" values={TYPES} wordOf={(one) => words.types[one]} />
      {error !== null && <ErrorNotice error={error} />}
      {data?.events.length === 0 && cursor === null && (
        <Empty title={words.none} text={words.noneText} cli="tidings events list" say={words.noneSay} />
      )}
      {data && data.events.length > 0 && (
        <Table
          caption={t().nav.replies}
          columns={columns}
          rows={data.events}
          keyOf={({ event_id }) => event_id}
        >
          <Pager next={data.next_cursor} />
        </Table>
      )}
    </Page>
  );
}
