import { useState } from 'preact/hooks';
import { call } from '../../api/call.ts';
import { count, t } from '../../i18n/index.ts';
import { Button, buttonClass } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Notice } from '../../parts/notice.tsx';
import { Table } from '../../parts/table.tsx';
import { tell } from '../../parts/toast.tsx';
import { navigate } from '../../router.ts';
import type { Report } from './import.tsx';

/** What became of each row; they add up. */
export function ImportResult({ report, onAgain }: { report: Report; onAgain: () => void }) {
  const [isUndoing, setUndoing] = useState(false);
  const words = t().import;
  const parts: readonly (readonly [number, string])[] = [
    [report.created, words.created],
    [report.updated, words.updated],
    [report.unchanged, words.unchanged],
    [report.rejected, words.notKept],
    [report.erased_before, words.erasedBefore],
  ];
  const undo = async () => {
    const { notice } = await call('imports.undo', { import_id: report.import_id });
    tell(`${words.undone} ${notice}`);
    navigate('/leads');
  };
  return (
    <>
      <section class="card" aria-label={words.result}>
        <ul class="sum">
          {parts
            .filter(([value], at) => value > 0 || at === 0)
            .map(([value, name]) => (
              <li key={name}>
                <strong>{count(value)}</strong> {name}
              </li>
            ))}
        </ul>
        {report.suppressed > 0 && (
          <p>
            {count(report.suppressed)} {words.suppressions}
          </p>
        )}
      </section>
      {report.notices.length > 0 && (
        <Notice title={words.warnings}>
          {report.notices.map((one) => (
            <p key={one} lang="en">
              {one}
            </p>
          ))}
        </Notice>
      )}
      {report.rejects.length > 0 && (
        <Table
          caption={words.notKept}
          columns={[
            { name: words.line, cell: ({ line }) => count(line) },
            { name: words.why, cell: ({ reason }) => <span lang="en">{reason}</span> },
          ]}
          rows={report.rejects}
          keyOf={({ line }) => String(line)}
        />
      )}
      <div class="actions">
        <a class={buttonClass('first')} href={`/leads?import_id=${report.import_id}`}>
          {words.toLeads}
        </a>
        <Button onClick={onAgain}>{words.another}</Button>
        <Button onClick={() => setUndoing(true)}>{words.undo}</Button>
      </div>
      {isUndoing && (
        <Dialog
          title={words.undoTitle}
          action={words.undo}
          kind="danger"
          onAct={undo}
          onClose={() => setUndoing(false)}
        >
          <p>{words.undoSays}</p>
        </Dialog>
      )}
    </>
  );
}
