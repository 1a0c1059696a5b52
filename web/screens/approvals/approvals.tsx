import { useState } from 'preact/hooks';
import { call } from '../../api/call.ts';
import type { Output } from '../../api/catalogue.ts';
import { usePolled } from '../../api/use-polled.ts';
import { callerWords } from '../../i18n/callers.ts';
import { duration, fullTime, percent, t } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Empty } from '../../parts/empty.tsx';
import { ErrorNotice, Notice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { Samples, Skips, TypedNumber } from '../../parts/samples.tsx';
import { tell } from '../../parts/toast.tsx';
import type { Screen } from '../../routes.ts';

type Approval = Output<'sends.approvals'>['approvals'][number];

const Approvals: Screen = ({ id }) => {
  const words = t().work.approvals;
  const { data, error, reload } = usePolled('sends.approvals', {});
  const all = data?.approvals ?? [];
  const shown = id === '' ? all : all.filter((one) => one.approval.code === id || one.send_id === id);
  return (
    <Page title={words.title}>
      <p class="quiet">{words.intro}</p>
      {error !== null && <ErrorNotice error={error} />}
      {shown.map((one) => (
        <Card key={one.approval.code} one={one} onDone={reload} />
      ))}
      {data && shown.length === 0 && (
        <Empty title={words.none} text={words.noneText} cli="tidings sends approvals" />
      )}
    </Page>
  );
};
export default Approvals;

function Card({ one, onDone }: { one: Approval; onDone: () => void }) {
  const words = t().work.approvals;
  const { code, recipients, expires_at } = one.approval;
  const [typed, setTyped] = useState('');
  const [isRejecting, setRejecting] = useState(false);
  const [reason, setReason] = useState('');
  const approve = async () => {
    await call('sends.approve', { code, count: recipients });
    tell(words.approved);
    onDone();
  };
  return (
    <article class="card group">
      <h2>{words.asks(callerWords(one.asked_by))}</h2>
      <p>
        <a href={`/sends/${one.send_id}`}>{one.subject ?? one.campaign}</a> ·{' '}
        {t().common[one.channel as 'email']} · {one.audience_name} · {one.sender}
      </p>
      <p class="sentence">{words.getIt(recipients, one.total_in_audience)}</p>
      {one.skips && <Skips skips={one.skips} />}
      {one.estimate?.seconds != null && <p>{words.takes(duration(one.estimate.seconds))}</p>}
      {one.percent_this_week !== undefined && one.percent_this_week > 0 && (
        <p>{words.week(percent(one.percent_this_week, 100))}</p>
      )}
      {one.warnings && one.warnings.length > 0 && (
        <Notice title={t().work.compose.look}>
          {one.warnings.map((warning) => (
            <p key={warning} lang="en">
              {warning}
            </p>
          ))}
        </Notice>
      )}
      {one.samples ? <Samples samples={one.samples} /> : <p class="message-text">{one.message}</p>}
      <p class="quiet">{words.until(fullTime(expires_at))}</p>
      <TypedNumber label={words.type(recipients)} value={typed} onInput={setTyped} />
      <div class="filters">
        <Button kind="first" disabled={Number(typed.replace(/\D/g, '')) !== recipients} onClick={approve}>
          {words.approve(recipients)}
        </Button>
        <Button onClick={() => setRejecting(true)}>{words.reject}</Button>
      </div>
      {isRejecting && (
        <Dialog
          title={words.rejectTitle}
          action={words.reject}
          kind="danger"
          onAct={async () => {
            await call('sends.reject', { code, ...(reason !== '' && { reason }) });
            tell(words.rejected);
            onDone();
          }}
          onClose={() => setRejecting(false)}
        >
          <label class="field">
            <span>{words.rejectWord}</span>
            <input class="input" value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
          </label>
        </Dialog>
      )}
    </article>
  );
}
