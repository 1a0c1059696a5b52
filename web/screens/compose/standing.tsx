import { useState } from 'preact/hooks';
import { callerWords } from '../../i18n/callers.ts';
import { clock, t } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { ErrorNotice, Notice } from '../../parts/notice.tsx';
import { Conflict } from './conflict.tsx';
import type { DraftKeeper, DraftState } from './use-draft.ts';

/** How far what is written is kept, and who else wrote. */
export function Standing(props: DraftState & { readonly keeper: DraftKeeper }) {
  const { keeper, local, state, savedAt, theirs, changed, error } = props;
  const words = t().draft;
  const [copy, setCopy] = useState<string | null>(null);
  const saved = savedAt === null ? words.fresh : words.saved(clock(new Date(savedAt)));
  return (
    <>
      <p role="status" class="quiet">
        {state === 'saved' ? saved : state === 'gone' || state === 'loading' ? '' : words[state]}
      </p>
      {error !== null && (
        <ErrorNotice error={error}>
          <p>{words.notSaved}</p>
        </ErrorNotice>
      )}
      {changed && (
        <p role="status">
          {words.changed(callerWords(changed.changed_by), clock(new Date(changed.changed_at)))}
        </p>
      )}
      {theirs && (
        <Conflict
          theirs={theirs}
          ours={local.draft}
          onTake={async () => setCopy(await keeper.takeTheirs())}
          onKeep={async () => setCopy(await keeper.keepOurs())}
        />
      )}
      {state === 'gone' && (
        <div role="alert">
          <Notice title={words.gone}>
            <p>{words.goneSays}</p>
            <Button onClick={async () => setCopy(await keeper.keepAsNew())}>{words.keepAsNew}</Button>
          </Notice>
        </div>
      )}
      {copy !== null && (
        <p>
          {words.copy} <a href={`/drafts/${copy}`}>{words.openCopy}</a>
        </p>
      )}
    </>
  );
}
