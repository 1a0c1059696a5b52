import { useState } from 'preact/hooks';
import { call } from '../../api/call.ts';
import type { Output } from '../../api/catalogue.ts';
import { me } from '../../api/me.ts';
import { useCall } from '../../api/use-call.ts';
import { t, time } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { type Column, Pager, Table } from '../../parts/table.tsx';
import { query } from '../../router.ts';

type App = Output<'apps.list'>['apps'][number];

/** Apps that people have connected. Where nobody can connect any, whoever could change that is told how. */
export function Apps({ mayAdminister }: { mayAdminister: boolean }) {
  const words = t().admin.apps;
  const isOn = me.value?.connects_apps ?? false;
  if (!isOn && !mayAdminister) return null;
  return (
    <section class="group">
      <h2>{words.title}</h2>
      {!isOn && <p class="quiet">{words.off}</p>}
      {isOn && me.value?.kind === 'user' && <Connected mayAdminister={mayAdminister} />}
      {isOn && me.value?.kind !== 'user' && (
        <p class="quiet">
          {words.forPersons} <code>tidings apps list</code>
        </p>
      )}
    </section>
  );
}

function Connected({ mayAdminister }: { mayAdminister: boolean }) {
  const words = t().admin.apps;
  const cursor = query.value.get('apps');
  const { data, error, reload } = useCall('apps.list', { limit: 50, ...(cursor !== null && { cursor }) });
  const [ending, setEnding] = useState<App | null>(null);
  const columns: readonly Column<App>[] = [
    { name: words.name, cell: ({ name }) => name },
    { name: words.letInBy, cell: ({ person }) => person },
    { name: words.may, cell: ({ role }) => t().work.settings.roles[role] },
    {
      name: words.lastCalled,
      cell: ({ last_used_at }) => (last_used_at === null ? t().work.settings.never : time(last_used_at)),
    },
    { name: words.backTo, cell: ({ host }) => host },
    { name: t().work.channels.state, cell: ({ state }) => words.states[state] },
    {
      name: words.disconnect,
      isUnnamed: true,
      cell: (row) =>
        row.state === 'connected' && (
          <Button small label={`${words.disconnect}: ${row.name}`} onClick={() => setEnding(row)}>
            {words.disconnect}
          </Button>
        ),
    },
  ];
  return (
    <>
      <p class="quiet">
        {words.intro} {!mayAdminister && words.own}
      </p>
      {error !== null && <ErrorNotice error={error} />}
      {data?.apps.length === 0 && cursor === null && <p>{words.none}</p>}
      {data && data.apps.length > 0 && (
        <Table caption={words.title} columns={columns} rows={data.apps} keyOf={({ app_id }) => app_id}>
          <Pager name="apps" next={data.next_cursor} />
        </Table>
      )}
      {ending && (
        <Dialog
          title={words.disconnectTitle(ending.name)}
          action={words.disconnect}
          kind="danger"
          onAct={async () => {
            await call('apps.revoke', { app: ending.app_id });
            reload();
          }}
          onClose={() => setEnding(null)}
        >
          <p>{words.disconnectSays(ending.person)}</p>
        </Dialog>
      )}
    </>
  );
}
