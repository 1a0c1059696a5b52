import { useState } from 'preact/hooks';
import { call } from '../api/call.ts';
import { resumeConfirmed } from '../api/confirmed.ts';
import { refresh } from '../api/live.ts';
import { t } from '../i18n/index.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { tell } from '../parts/toast.tsx';
import type { Send } from './send-words.tsx';

/** What can be done with a send: pausing at one click, the rest after it was said what it means. */
export function SendActions({ send, small = false }: { send: Send; small?: boolean }) {
  const [asking, setAsking] = useState<'resume' | 'cancel' | null>(null);
  const { send_id, state, total_remaining } = send;
  const pause = async () => {
    await call('sends.pause', { send_id });
    tell(t().send.paused);
    await refresh();
  };
  const resume = async () => {
    await resumeConfirmed({ send_id, ...(state === 'scheduled' && { schedule_at: 'now' }) });
    tell(state === 'scheduled' ? t().send.started : t().send.resumed);
    await refresh();
  };
  const cancel = async () => {
    await call('sends.cancel', { send_id });
    tell(t().send.cancelled);
    await refresh();
  };
  const waitsForApproval = send.problem === 'approval_needed';
  const canResume =
    ((state === 'paused' && !waitsForApproval) || state === 'cancelled') && total_remaining > 0;
  const kind = small ? undefined : 'first';
  return (
    <>
      {(state === 'running' || state === 'scheduled') && (
        <Button small={small} kind={state === 'running' ? kind : undefined} onClick={pause}>
          {t().send.pause}
        </Button>
      )}
      {state === 'scheduled' && (
        <Button small={small} onClick={() => setAsking('resume')}>
          {t().send.startNow}
        </Button>
      )}
      {canResume && (
        <Button small={small} kind={kind} onClick={() => setAsking('resume')}>
          {t().send.resume}
        </Button>
      )}
      {(state === 'running' || state === 'scheduled' || state === 'paused') && !small && (
        <Button onClick={() => setAsking('cancel')}>{t().send.cancel}</Button>
      )}
      {asking === 'resume' && (
        <Dialog
          title={t().send.confirmResume}
          action={state === 'scheduled' ? t().send.startNow : t().send.resume}
          onAct={resume}
          onClose={() => setAsking(null)}
        >
          <p>{t().send.resumeSays(total_remaining)}</p>
        </Dialog>
      )}
      {asking === 'cancel' && (
        <Dialog
          title={t().send.confirmCancel}
          action={t().send.cancelYes(total_remaining)}
          kind="danger"
          onAct={cancel}
          onClose={() => setAsking(null)}
        >
          <p>{t().send.cancelSays(total_remaining)}</p>
        </Dialog>
      )}
    </>
  );
}
