import type { Output } from '../../api/catalogue.ts';
import { useCall } from '../../api/use-call.ts';
import { usePolled } from '../../api/use-polled.ts';
import { t, time } from '../../i18n/index.ts';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Ways } from './ways.tsx';

type Entry = Output<'outbox.list'>['entries'][number];
type Template = Output<'templates.list'>['templates'][number];

export default function Channels() {
  const words = t().work.channels;
  return (
    <Page title={t().nav.channels}>
      <p class="quiet">{words.intro}</p>
      <Ways />
      <Templates />
      <Outbox />
    </Page>
  );
}

function Templates() {
  const words = t().work.channels;
  const { data, error } = useCall('templates.list', { limit: 100 });
  const columns: readonly Column<Template>[] = [
    { name: t().work.name, cell: ({ name, language }) => `${name} (${language})` },
    { name: words.state, cell: ({ status }) => t().draft.statuses[status as 'APPROVED'] ?? status },
    { name: words.text, cell: ({ body, reason }) => reason ?? body },
  ];
  return (
    <section class="group">
      <h2>{words.templates}</h2>
      {error !== null && <ErrorNotice error={error} />}
      {data?.templates.length === 0 && (
        <p class="quiet" lang={data.notice === undefined ? undefined : 'en'}>
          {data.notice ?? words.templatesNone}
        </p>
      )}
      {data && data.templates.length > 0 && (
        <Table
          caption={words.templates}
          columns={columns}
          rows={data.templates}
          keyOf={({ name, language }) => `${name} ${language}`}
        />
      )}
    </section>
  );
}

function Outbox() {
  const words = t().work.channels;
  const { data, error } = usePolled('outbox.list', { limit: 20 });
  const columns: readonly Column<Entry>[] = [
    { name: words.to, cell: ({ to }) => to },
    { name: t().work.channel, cell: ({ channel }) => t().common[channel] },
    {
      name: words.text,
      cell: ({ subject, text }) => (
        <details>
          <summary>{subject ?? text.slice(0, 60)}</summary>
          <p class="message-text">{text}</p>
        </details>
      ),
    },
    { name: t().work.when, isNumber: true, cell: ({ recorded_at }) => time(recorded_at) },
  ];
  return (
    <section class="group">
      <h2>{words.outbox}</h2>
      <p class="quiet">{data?.entries.length === 0 ? words.outboxNone : words.outboxText}</p>
      {error !== null && <ErrorNotice error={error} />}
      {data && data.entries.length > 0 && (
        <Table
          caption={words.outbox}
          columns={columns}
          rows={data.entries}
          keyOf={({ entry_id }) => entry_id}
        />
      )}
    </section>
  );
}
