import { useLive } from '../../api/live.ts';
import { count, t } from '../../i18n/index.ts';
import { buttonClass } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { SendRow } from '../send-row.tsx';
import type { Send } from '../send-words.tsx';

const SHOWN = 20;
const LATELY = 5;

/** What moves, and what waits for a person. */
export default function Home() {
  const running = useLive('sends.list', { state: 'running', limit: SHOWN });
  const paused = useLive('sends.list', { state: 'paused', limit: SHOWN });
  const scheduled = useLive('sends.list', { state: 'scheduled', limit: SHOWN });
  const done = useLive('sends.list', { state: 'completed', limit: LATELY });
  const all = [running, paused, scheduled, done];
  const refusal = all.find((one) => one.refusal !== null)?.refusal;
  if (refusal) return <ErrorNotice error={refusal} />;
  const sends = all.map(({ data }) => data?.sends);
  const isKnown = sends.every((one) => one !== undefined);
  const [moving = [], waiting = [], next = [], over = []] = sends;
  const isEmpty = isKnown && sends.every((one) => one?.length === 0);
  return (
    <Page
      title={t().home.title}
      actions={
        <a class={buttonClass('first')} href="/drafts/new">
          {t().nav.newMessage}
        </a>
      }
    >
      {isKnown && !isEmpty && <p class="sentence">{sentence(moving, waiting)}</p>}
      {isEmpty && (
        <Empty
          title={t().home.emptyTitle}
          text={t().home.emptyText}
          cli="tidings demo"
          say={t().home.emptySay}
        >
          <a class={buttonClass('first')} href="/welcome">
            {t().home.emptyAction}
          </a>
        </Empty>
      )}
      <Group title={t().home.waits} sends={waiting} />
      <Group title={t().home.running} sends={moving} />
      <Group title={t().home.next} sends={next} />
      <Group title={t().home.lately} sends={over} />
      {isKnown && !isEmpty && (
        <p>
          <a href="/sends">{t().home.allSends}</a>
        </p>
      )}
    </Page>
  );
}

function Group({ title, sends }: { title: string; sends: readonly Send[] }) {
  if (sends.length === 0) return null;
  return (
    <section class="group" aria-label={title}>
      <h2>{title}</h2>
      <ul class="rows">
        {sends.map((send) => (
          <SendRow key={send.send_id} send={send} />
        ))}
      </ul>
    </section>
  );
}

/** True also when all is quiet. */
function sentence(moving: readonly Send[], waiting: readonly Send[]): string {
  const words = t().home;
  if (moving.length === 0) return waiting.length === 0 ? words.quiet : words.quietWaiting(waiting.length);
  const rate = moving.reduce((sum, send) => sum + (send.rate_per_second ?? 0), 0);
  const inFlight = moving.reduce((sum, send) => sum + send.in_flight, 0);
  const stalled = moving.filter((send) => send.waiting_for.length > 0).length;
  return [
    rate > 0 ? words.sending(count(Math.round(rate)), moving.length) : words.starting(moving.length),
    stalled > 0 ? words.stalled(stalled, moving.length) : '',
    inFlight > 0 ? words.inFlight(inFlight) : words.noDoubt,
  ]
    .filter((one) => one !== '')
    .join(' ');
}
