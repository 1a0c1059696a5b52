import { useState } from 'preact/hooks';
import { call } from '../../api/call.ts';
import type { Input, Output } from '../../api/catalogue.ts';
import { useCall } from '../../api/use-call.ts';
import { t, time } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Empty } from '../../parts/empty.tsx';
import { FilterTabs } from '../../parts/filter-tabs.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { type Column, Pager, Table } from '../../parts/table.tsx';
import { tell } from '../../parts/toast.tsx';
import { query } from '../../router.ts';

type Suppression = Output<'suppressions.list'>['suppressions'][number];
type Channel = Suppression['channel'];
const CHANNELS: readonly Channel[] = ['email', 'whatsapp', 'whatsapp:marketing'];

function channelWords(channel: Channel): string {
  return channel === 'whatsapp:marketing' ? t().work.suppressions.marketing : t().common[channel];
}

export default function Suppressions() {
  const words = t().work.suppressions;
  const channel = CHANNELS.find((one) => one === query.value.get('channel'));
  const cursor = query.value.get('cursor');
  const { data, error, reload } = useCall('suppressions.list', {
    limit: 50,
    ...(channel && { channel }),
    ...(cursor && { cursor }),
  });
  const [removed, setRemoved] = useState<Suppression | null>(null);
  const columns: readonly Column<Suppression>[] = [
    { name: t().work.contact, cell: ({ contact }) => contact },
    { name: t().work.channel, cell: (row) => channelWords(row.channel) },
    { name: t().work.reason, cell: ({ reason }) => t().reasons[reason] ?? reason },
    { name: t().work.when, isNumber: true, cell: ({ created_at }) => time(created_at) },
    {
      name: t().work.remove,
      isUnnamed: true,
      cell: (row) => (
        <Button small label={`${t().work.remove}: ${row.contact}`} onClick={() => setRemoved(row)}>
          {t().work.remove}
        </Button>
      ),
    },
  ];
  return (
    <Page title={t().nav.suppressions}>
      <p class="quiet">{words.intro}</p>
      <AddSuppression onAdded={reload} />
      <FilterTabs label={t().work.channel} name="channel" values={CHANNELS} wordOf={channelWords} />
      {error !== null && <ErrorNotice error={error} />}
      {data?.suppressions.length === 0 && cursor === null && (
        <Empty
          title={words.none}
          text={words.noneText}
          cli="tidings suppressions import unsubscribed.csv"
          say={words.noneSay}
        />
      )}
      {data && data.suppressions.length > 0 && (
        <Table
          caption={t().nav.suppressions}
          columns={columns}
          rows={data.suppressions}
          keyOf={(row) => `${row.channel} ${row.contact}`}
        >
          <Pager next={data.next_cursor} />
        </Table>
      )}
      {removed && (
        <Dialog
          title={words.removeTitle(removed.contact)}
          action={t().work.remove}
          kind="danger"
          onAct={async () => {
            await call('suppressions.remove', { channel: removed.channel, contact: removed.contact });
            tell(words.removed(removed.contact));
            reload();
          }}
          onClose={() => setRemoved(null)}
        >
          <p>{words.removeSays}</p>
        </Dialog>
      )}
    </Page>
  );
}

function AddSuppression({ onAdded }: { onAdded: () => void }) {
  const words = t().work.suppressions;
  const [given, setGiven] = useState<Input<'suppressions.add'>>({ channel: 'email', contact: '' });
  const [error, setError] = useState<unknown>(null);
  const add = async (event: Event) => {
    event.preventDefault();
    try {
      const { contact } = await call('suppressions.add', given);
      tell(words.added(contact));
      setGiven({ ...given, contact: '' });
      setError(null);
      onAdded();
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <form class="card group" onSubmit={add}>
      <h2>{words.add}</h2>
      <div class="filters">
        <label class="field">
          <span>{t().work.channel}</span>
          <select
            class="input"
            value={given.channel}
            onChange={(event) => setGiven({ ...given, channel: event.currentTarget.value as Channel })}
          >
            {CHANNELS.map((one) => (
              <option key={one} value={one}>
                {channelWords(one)}
              </option>
            ))}
          </select>
        </label>
        <label class="field grow">
          <span>{t().work.contact}</span>
          <input
            class="input"
            required
            value={given.contact}
            placeholder={words.placeholder}
            onInput={(event) => setGiven({ ...given, contact: event.currentTarget.value })}
          />
        </label>
        <Button type="submit">{t().work.add}</Button>
      </div>
      {error !== null && <ErrorNotice error={error} />}
    </form>
  );
}
