import { useEffect, useRef, useState } from 'preact/hooks';
import { count, percent, t } from '../../i18n/index.ts';
import { type Part, StackedBar } from '../../parts/charts.tsx';
import { navigate, withQuery } from '../../router.ts';
import { partsInWords, partsOf, settled } from '../send-words.tsx';
import type { SendDetails } from './send.tsx';

const TOLD = ['delivered', 'read', 'replied', 'unsubscribed', 'bounced', 'complained', 'clicked'] as const;

/** The addition, in sight: each number of it is a list. */
export function Progress({ send }: { send: SendDetails }) {
  const words = t().send;
  const parts: readonly (readonly [Part, string, number, string])[] = [
    ['sent', t().status.sent, send.total_sent, 'sent'],
    ['failed', t().status.failed, send.total_failed, 'failed'],
    ['skipped', t().status.skipped, send.total_skipped, 'skipped'],
    ['pending', t().status.remaining, send.total_remaining, 'pending'],
  ];
  const told = TOLD.map((name) => [name, send[`total_${name}`]] as const).filter(
    (one): one is readonly [(typeof TOLD)[number], number] => one[1] !== undefined,
  );
  return (
    <section class="card progress" aria-label={words.sum}>
      <ul class="sum">
        {parts.map(([part, name, value, status]) => (
          <li key={part}>
            <a
              href={withQuery({ status, code: null, cursor: null })}
              onClick={(event) => toList(event, status)}
            >
              <span class={`dot fill-${part}`} />
              <strong>{count(value)}</strong> <span>{name}</span>
            </a>
          </li>
        ))}
        <li class="whole">{words.equals(count(send.total_in_audience))}</li>
      </ul>
      <StackedBar parts={partsOf(send)} label={partsInWords(send)} />
      <p class="quiet">
        {send.state === 'running' && words.inFlight(send.in_flight)}
        {send.total_unknown > 0 &&
          ` ${count(send.total_unknown)} ${t().status.unknown}: ${words.unknownHint}`}
      </p>
      {told.length > 0 && (
        <p>
          <span class="quiet">{words.later}: </span>
          {told.map(([name, value]) => `${count(value)} ${t().status[name]}`).join(' · ')}
        </p>
      )}
      <Told send={send} />
    </section>
  );
}

/** To the list below, which shows them then. */
function toList(event: MouseEvent, status: string): void {
  if (event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  navigate(withQuery({ status, code: null, cursor: null }));
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  document.getElementById('deliveries')?.scrollIntoView({ behavior: still ? 'auto' : 'smooth' });
}

/** Said to whoever does not see it: at each tenth, and when its state changes. */
function Told({ send }: { send: SendDetails }) {
  const tenth = Math.floor((10 * settled(send)) / Math.max(1, send.total_in_audience));
  const isFirst = useRef(true);
  const [words, setWords] = useState('');
  useEffect(() => {
    if (!isFirst.current) setWords(`${t().state[send.state]}: ${t().send.progressSays(percent(tenth, 10))}`);
    isFirst.current = false;
  }, [tenth, send.state]);
  return (
    <p class="unseen" role="status">
      {words}
    </p>
  );
}
