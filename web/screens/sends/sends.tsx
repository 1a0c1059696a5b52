import { call } from '../../api/call.ts';
import type { Input } from '../../api/catalogue.ts';
import { refresh, useLive } from '../../api/live.ts';
import { t } from '../../i18n/index.ts';
import { Button, buttonClass } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { FilterTabs } from '../../parts/filter-tabs.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { Pager } from '../../parts/table.tsx';
import { query } from '../../router.ts';
import { SendRow } from '../send-row.tsx';

const STATES = ['running', 'scheduled', 'paused', 'completed', 'cancelled'] as const;
const SHOWN = 50;

export default function Sends() {
  const state = STATES.find((one) => one === query.value.get('state'));
  const audience_id = query.value.get('audience') ?? undefined;
  const cursor = query.value.get('cursor') ?? undefined;
  const input: Input<'sends.list'> = {
    limit: SHOWN,
    ...(state && { state }),
    ...(audience_id && { audience_id }),
    ...(cursor && { cursor }),
  };
  const { data, refusal } = useLive('sends.list', input);
  const running = data?.sends.filter((send) => send.state === 'running') ?? [];
  const pauseAll = async () => {
    for (const { send_id } of running) await call('sends.pause', { send_id });
    await refresh();
  };
  return (
    <Page
      title={t().sends.title}
      actions={
        <>
          {running.length > 1 && <Button onClick={pauseAll}>{t().sends.pauseAll(running.length)}</Button>}
          <a class={buttonClass()} href="/drafts">
            {t().draft.drafts}
          </a>
          <a class={buttonClass('first')} href="/drafts/new">
            {t().nav.newMessage}
          </a>
        </>
      }
    >
      <FilterTabs
        label={t().sends.state}
        name="state"
        values={STATES}
        wordOf={(one) => t().sends.filters[one]}
        allWord={t().sends.filters.all}
      />
      {refusal && <ErrorNotice error={refusal} />}
      {data && data.sends.length > 0 && (
        <div class="rows">
          <ul class="rows-inner">
            {data.sends.map((send) => (
              <SendRow key={send.send_id} send={send} />
            ))}
          </ul>
          <Pager next={data.next_cursor} />
        </div>
      )}
      {data?.sends.length === 0 && (
        <Empty
          title={t().sends.emptyTitle}
          text={state || audience_id ? t().sends.emptyFiltered : t().sends.emptyText}
          cli="tidings send --audience ID --channel email --subject S --message M"
          say={t().home.emptySay}
        />
      )}
    </Page>
  );
}
