import { useState } from 'preact/hooks';
import type { Input, Output } from '../../api/catalogue.ts';
import { sendConfirmed } from '../../api/confirmed.ts';
import { duration, percent, t, zone } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { ErrorNotice, Notice } from '../../parts/notice.tsx';
import { Samples, Skips, TypedNumber } from '../../parts/samples.tsx';
import { tell } from '../../parts/toast.tsx';

/** Above so many, whoever sends types how many. */
const CLICK_IS_ENOUGH = 1_000;

interface CheckedProps {
  readonly input: Input<'sendBulkMessages'>;
  readonly dryRun: Output<'sendBulkMessages'>;
  readonly onBack: () => void;
  readonly onSent: (send_id: string) => void;
}

/** A sum read from top to bottom, the messages as they will arrive, and one button that says the number. */
export function Checked({ input, dryRun, onBack, onSent }: CheckedProps) {
  const words = t().work.compose;
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState('');
  const [error, setError] = useState<unknown>(null);
  const reached = dryRun.would_send ?? dryRun.total_remaining;
  const done = dryRun.total_sent + dryRun.total_failed;
  const isTyped = reached <= CLICK_IS_ENOUGH || Number(typed.replace(/\D/g, '')) === reached;
  const send = async () => {
    setError(null);
    try {
      const result = await sendConfirmed({
        ...input,
        expected_recipients: reached,
        ...(dryRun.confirm !== undefined && { confirm: dryRun.confirm }),
        ...(at !== '' && { schedule_at: new Date(at).toISOString() }),
      });
      if (result.notice) tell(result.notice);
      if (result.send_id) onSent(result.send_id);
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <>
      <section class="card group">
        <p>{words.inAudience(dryRun.total_in_audience)}</p>
        {done > 0 && <p>{words.already(done)}</p>}
        {dryRun.skips && <Skips skips={dryRun.skips} />}
        <p class="sentence">
          <strong>{words.getIt(reached)}</strong>
        </p>
        {dryRun.mode === 'sandbox' && <p class="quiet">{words.sandbox}</p>}
        {dryRun.estimate?.seconds != null && <p>{words.takes(duration(dryRun.estimate.seconds))}</p>}
        {dryRun.percent_this_week !== undefined && dryRun.percent_this_week > 0 && (
          <p>{words.week(percent(dryRun.percent_this_week, 100))}</p>
        )}
      </section>
      {dryRun.warnings && dryRun.warnings.length > 0 && (
        <Notice title={words.look}>
          {dryRun.warnings.map((warning) => (
            <p key={warning} lang="en">
              {warning}
            </p>
          ))}
        </Notice>
      )}
      <Samples samples={dryRun.samples ?? []} />
      <section class="card group">
        {reached === 0 && <p>{words.nobody}</p>}
        <label class="field">
          <span>
            {words.when}: {at === '' ? words.now : words.later} ({zone()})
          </span>
          <input
            class="input"
            type="datetime-local"
            value={at}
            onInput={(event) => setAt(event.currentTarget.value)}
          />
        </label>
        {reached > CLICK_IS_ENOUGH && (
          <TypedNumber label={words.type(reached)} value={typed} onInput={setTyped} />
        )}
        {error !== null && <ErrorNotice error={error} />}
        <div class="filters">
          <Button kind="first" disabled={reached === 0 || !isTyped} onClick={send}>
            {words.send(reached)}
          </Button>
          <Button onClick={onBack}>{words.edit}</Button>
        </div>
      </section>
    </>
  );
}
