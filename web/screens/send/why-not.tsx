import { count, t } from '../../i18n/index.ts';
import { Mark } from '../../parts/mark.tsx';
import { Reason } from '../../parts/reason.tsx';
import { withQuery } from '../../router.ts';
import type { SendDetails } from './send.tsx';

/** Why somebody did not get it: the most frequent reasons, each of them a list. */
export function WhyNot({ send }: { send: SendDetails }) {
  const words = t().send;
  if (send.top_errors.length === 0) return null;
  return (
    <section class="card" aria-label={words.why}>
      <h2>{words.why}</h2>
      <ul class="reasons">
        {send.top_errors.map(({ code, status, count: amount, message, provider_said }) => (
          <li key={`${status} ${code}`}>
            <Mark status={code === 'outcome_unknown' ? 'unknown' : status} word={count(amount)} />
            <a href={withQuery({ status, code, cursor: null })}>
              <Reason code={code} says={message} />
            </a>
            {provider_said !== null && <q class="quiet">{provider_said}</q>}
          </li>
        ))}
      </ul>
    </section>
  );
}
