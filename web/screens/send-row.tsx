import { count, rate, t, time } from '../i18n/index.ts';
import { StackedBar } from '../parts/charts.tsx';
import { Mark } from '../parts/mark.tsx';
import { SendActions } from './send-actions.tsx';
import {
  channelName,
  nameOf,
  PausedReason,
  partsInWords,
  partsOf,
  type Send,
  settled,
  Time,
  timeLeft,
} from './send-words.tsx';

/** One send of a list: what it is, how far, what is wrong with it, and the button that helps. */
export function SendRow({ send }: { send: Send }) {
  const { send: words, sends } = t();
  const [waiting] = send.waiting_for;
  return (
    <li class="send-row">
      <div class="what">
        <a href={`/sends/${send.send_id}`}>{nameOf(send)}</a>
        <span class="quiet">
          {channelName(send.channel)} · {sends.to(send.audience_name)}
        </span>
      </div>
      <div class="how">
        <Mark status={send.state} />
        {send.state === 'scheduled' && send.scheduled_at !== null ? (
          <span>
            <Time iso={send.scheduled_at} isFar />
          </span>
        ) : (
          <StackedBar parts={partsOf(send)} label={partsInWords(send)} />
        )}
        {waiting && <span class="wrong">{words.waitsFor[waiting.what]}</span>}
        {send.paused_reason !== null && (
          <span class="wrong">
            <PausedReason send={send} />
          </span>
        )}
      </div>
      <div class="number quiet">
        <div>{sends.of(count(settled(send)), count(send.total_in_audience))}</div>
        <div>
          {send.state === 'running' &&
            send.rate_per_second !== null &&
            words.rate(rate(send.rate_per_second))}
          {send.completed_at !== null && sends.doneAt(time(send.completed_at))}
        </div>
        {timeLeft(send) !== null && <div>{timeLeft(send)}</div>}
      </div>
      <div class="do">
        <SendActions send={send} small />
      </div>
    </li>
  );
}
