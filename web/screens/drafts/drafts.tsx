import { useState } from 'preact/hooks';
import { call } from '../../api/call.ts';
import { dropKept } from '../../api/kept.ts';
import { useCall } from '../../api/use-call.ts';
import { callerWords } from '../../i18n/callers.ts';
import { t, time } from '../../i18n/index.ts';
import { Button, buttonClass } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Empty } from '../../parts/empty.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { Pager } from '../../parts/table.tsx';
import { query } from '../../router.ts';
import { listUnsaved } from '../compose/draft.ts';

interface Row {
  readonly id: string;
  readonly title: string | null;
  /** Whose change it is and when; null: no server has it. */
  readonly changed: string | null;
}

/** Messages that are being written; those that no server has yet, first. */
export default function Drafts() {
  const words = t().draft;
  const cursor = query.value.get('cursor') ?? undefined;
  const { data, error, reload } = useCall('drafts.list', cursor === undefined ? {} : { cursor });
  const [deleting, setDeleting] = useState<Row | null>(null);
  const saved = (data?.drafts ?? []).map(({ draft_id, title, changed_by, changed_at }) => ({
    ...{ id: draft_id, title, changed: words.changedBy(callerWords(changed_by), time(changed_at)) },
  }));
  const here = listUnsaved()
    .filter(({ id, local }) => local.revision === 0 && !saved.some((one) => one.id === id))
    .map(({ id, local }) => ({ id, title: local.draft.subject || local.draft.message, changed: null }));
  const rows: readonly Row[] = cursor === undefined ? [...here, ...saved] : saved;
  return (
    <Page
      title={words.drafts}
      actions={
        <a class={buttonClass('first')} href="/drafts/new">
          {t().nav.newMessage}
        </a>
      }
    >
      <p class="quiet">{words.draftsIntro}</p>
      {error !== null && <ErrorNotice error={error} />}
      {rows.length > 0 && (
        <div class="rows">
          <ul class="rows-inner">
            {rows.map((row) => (
              <li key={row.id} class="draft-row">
                <div class="what">
                  <a href={`/drafts/${row.id}`}>{row.title || words.untitled}</a>
                  <span class="quiet">{row.changed ?? words.onlyHere}</span>
                </div>
                <Button
                  small
                  label={`${words.delete}: ${row.title || words.untitled}`}
                  onClick={() => setDeleting(row)}
                >
                  {words.delete}
                </Button>
              </li>
            ))}
          </ul>
          <Pager next={data?.next_cursor ?? null} />
        </div>
      )}
      {data && rows.length === 0 && (
        <Empty title={words.none} text={words.noneText} cli="tidings drafts save --subject S --message M" />
      )}
      {deleting && (
        <Dialog
          title={words.deleteTitle(deleting.title || words.untitled)}
          action={words.delete}
          kind="danger"
          onAct={async () => {
            dropKept(deleting.id);
            if (deleting.changed !== null) await call('drafts.delete', { draft_id: deleting.id });
            reload();
          }}
          onClose={() => setDeleting(null)}
        >
          <p>{words.deleteSays}</p>
        </Dialog>
      )}
    </Page>
  );
}
