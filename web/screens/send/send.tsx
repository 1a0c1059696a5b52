import { useEffect, useRef, useState } from 'preact/hooks';
import type { Output } from '../../api/catalogue.ts';
import { useLive } from '../../api/live.ts';
import { rate as formatRate, t } from '../../i18n/index.ts';
import { Sparkline } from '../../parts/charts.tsx';
import { Mark } from '../../parts/mark.tsx';
import { ErrorNotice, Notice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { SendActions } from '../send-actions.tsx';
import { channelName, nameOf, PausedReason, Time, timeLeft } from '../send-words.tsx';
import { Deliveries } from './deliveries.tsx';
import { Progress } from './progress.tsx';
import { Retry } from './retry.tsx';
import { SendMap } from './send-map.tsx';
import { WhyNot } from './why-not.tsx';

export type SendDetails = Output<'sends.get'>;

/** One send, while it runs and afterwards. */
export default function SendScreen({ id }: { id: string }) {
  const { data: send, refusal } = useLive('sends.get', { send_id: id });
  if (!send) return refusal ? <ErrorNotice error={refusal} /> : null;
  const { send: words } = t();
  return (
    <Page
      title={nameOf(send)}
      beside={
        <>
          <Mark status={send.state} />
          <span class="quiet">
            {channelName(send.channel)} ·{' '}
            {send.mode === 'sandbox' ? t().common.sandboxShort : t().common.live} ·{' '}
            {t().sends.to(send.audience_name)}
          </span>
        </>
      }
      actions={
        <>
          <SendActions send={send} />
          <Retry send={send} />
        </>
      }
    >
      <WhyItWaits send={send} />
      <Progress send={send} />
      <div class="card map-card">
        <div class="map-head">
          <h2>{words.map}</h2>
          <Rate send={send} />
        </div>
        <SendMap send={send} />
      </div>
      <WhyNot send={send} />
      <Deliveries send={send} />
      <details class="card">
        <summary>{words.message}</summary>
        {send.subject !== null && <p class="subject">{send.subject}</p>}
        <pre class="message-text">{send.message}</pre>
      </details>
    </Page>
  );
}

function WhyItWaits({ send }: { send: SendDetails }) {
  const { send: words } = t();
  const [waiting] = send.waiting_for;
  if (send.state === 'scheduled' && send.scheduled_at !== null)
    return (
      <p>
        <Time iso={send.scheduled_at} isFar />
      </p>
    );
  if (waiting)
    return (
      <Notice title={words.waitsFor[waiting.what]}>
        <p lang="en">{waiting.reason}</p>
        {waiting.provider_said && <Said text={waiting.provider_said} />}
        <p class="quiet">
          <Time iso={waiting.since} /> {waiting.until && <Time iso={waiting.until} />}
        </p>
      </Notice>
    );
  if (send.state !== 'paused') return null;
  const isByRequest = send.problem === 'paused_by_request';
  return (
    <Notice title={isByRequest ? words.pausedByRequest : words.needsMending} wrong={!isByRequest}>
      {!isByRequest && send.paused_reason !== null && (
        <p>
          <PausedReason send={send} />
        </p>
      )}
      {send.provider_said !== null && <Said text={send.provider_said} />}
      {send.paused_since !== null && (
        <p class="quiet">
          <Time iso={send.paused_since} />
        </p>
      )}
    </Notice>
  );
}

/** Words of a stranger, marked as that. */
function Said({ text }: { text: string }) {
  return (
    <div class="said">
      <span class="quiet">{t().send.said}: </span>
      {text}
    </div>
  );
}

const KEPT = 60;

/** How fast it is, now and since the page is open. */
function Rate({ send }: { send: SendDetails }) {
  const rates = useRef<number[]>([]);
  const [, draw] = useState(0);
  const rate = send.rate_per_second ?? 0;
  useEffect(() => {
    if (send.state !== 'running') return;
    rates.current = [...rates.current, rate].slice(-KEPT);
    draw((turn) => turn + 1);
  }, [send]);
  if (send.state !== 'running') return null;
  const words =
    send.rate_per_second === null ? t().send.noRate : t().send.rate(formatRate(send.rate_per_second));
  return (
    <div class="rate">
      <Sparkline values={rates.current} label={`${words}, ${t().send.since}`} />
      <strong>{words}</strong>
      {timeLeft(send) !== null && <span class="quiet">{timeLeft(send)}</span>}
    </div>
  );
}
