import type { Output } from '../../api/catalogue.ts';
import { useCall } from '../../api/use-call.ts';
import { callerWords } from '../../i18n/callers.ts';
import { t, time } from '../../i18n/index.ts';
import { ErrorNotice } from '../../parts/notice.tsx';
import { type Column, Pager, Table } from '../../parts/table.tsx';
import { query } from '../../router.ts';

type Entry = Output<'audit.list'>['entries'][number];

export function Audit() {
  const words = t().admin;
  const cursor = query.value.get('audit');
  const { data, error } = useCall('audit.list', { limit: 20, ...(cursor !== null && { cursor }) });
  const columns: readonly Column<Entry>[] = [
    { name: t().work.when, cell: ({ at }) => time(at) },
    {
      name: words.who,
      cell: ({ who, client }) => [callerWords(who), client].filter((one) => one !== null).join(' · '),
    },
    { name: words.did, cell: ({ operation, subject }) => <Did operation={operation} subject={subject} /> },
    { name: words.answer, cell: ({ answer }) => (answer === 'done' ? words.done : <code>{answer}</code>) },
  ];
  return (
    <section class="group">
      <h2>{words.audit}</h2>
      <p class="quiet">
        {data?.entries.length === 0 && cursor === null ? words.auditNone : words.auditIntro}
      </p>
      {error !== null && <ErrorNotice error={error} />}
      {data && data.entries.length > 0 && (
        <Table
          caption={words.audit}
          columns={columns}
          rows={data.entries}
          keyOf={({ at, operation, subject }) => `${at} ${operation} ${subject}`}
        >
          <Pager name="audit" next={data.next_cursor} />
        </Table>
      )}
    </section>
  );
}

const PLACES = { sends: '/sends/', sendBulkMessages: '/sends/', leads: '/leads/', audience: '/audiences/' };

/** What it was done to is a link, where there is a page of it. */
function Did({ operation, subject }: { operation: string; subject: string | null }) {
  const place = PLACES[operation.split('.')[0] as keyof typeof PLACES];
  const isId = subject !== null && /^[0-9a-f-]{36}$/.test(subject);
  return (
    <>
      <code>{operation}</code> {isId && place ? <a href={place + subject}>{subject.slice(0, 8)}</a> : subject}
    </>
  );
}
