import type { Output } from '../../api/catalogue.ts';
import { useCall } from '../../api/use-call.ts';
import { clock, count, rate, t } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { CopyButton } from '../../parts/copy.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';

type Channel = Output<'channels.list'>['channels'][number];
type Check = Output<'channels.check'>['checks'][number];
const DOCTOR = 'tidings doctor';

/** A card for each way out: what it is, and what the provider says of it now. */
export function Ways() {
  const words = t().admin;
  const { data, error } = useCall('channels.list', {});
  const checked = useCall('channels.check', {});
  if (error !== null) return <ErrorNotice error={error} />;
  if (!data) return null;
  const usual = data.channels.filter(({ is_usual }) => is_usual);
  return (
    <section class="group">
      <div class="group-head">
        <h2>{words.checks}</h2>
        <Button small disabled={checked.isLoading} onClick={checked.reload}>
          {words.lookAgain}
        </Button>
      </div>
      <p class="quiet" role="status">
        {checked.isLoading && words.looking}
        {!checked.isLoading && checked.data && words.checkedAt(clock(new Date(checked.data.checked_at)))}
      </p>
      {checked.error !== null && <ErrorNotice error={checked.error} />}
      <div class="ways">
        {usual.map((channel) => (
          <Way
            key={channel.sender}
            channel={channel}
            checks={checked.data?.checks.filter((one) => one.channel === channel.channel) ?? []}
          />
        ))}
      </div>
      <p class="quiet">
        {words.alsoByCommand} <code>{DOCTOR}</code> <CopyButton text={DOCTOR} />
      </p>
    </section>
  );
}

function Way({ channel, checks }: { channel: Channel; checks: readonly Check[] }) {
  const words = t().admin;
  const about = [
    channel.from,
    channel.rate_per_second !== null && words.rate(rate(channel.rate_per_second)),
    channel.people_per_day !== null && words.peopleADay(count(channel.people_per_day)),
    channel.quality !== null && `${words.quality}: ${channel.quality}`,
  ].filter(Boolean);
  return (
    <section class="card">
      <h3>{t().common[channel.channel]}</h3>
      <p>
        {channel.mode === 'sandbox'
          ? t().work.channels.sandbox
          : `${t().work.channels.live} · ${channel.sender}`}
      </p>
      {about.length > 0 && <p class="quiet">{about.join(' · ')}</p>}
      <ul class="checks">
        {checks.map((check) => (
          <Finding key={check.name} check={check} />
        ))}
      </ul>
    </section>
  );
}

function Finding({ check }: { check: Check }) {
  const words = t().admin;
  const [kind, shape, word] =
    check.ok === null
      ? (['none', '–', words.nothing] as const)
      : !check.ok
        ? (['bad', '✗', words.broken] as const)
        : check.warning
          ? (['mind', '!', words.mindThis] as const)
          : (['good', '✓', words.works] as const);
  return (
    <li class={`check is-${kind}`}>
      <span class="shape" aria-hidden="true">
        {shape}
      </span>
      <div>
        <strong lang="en">{check.name}</strong> <span class="unseen">({word})</span>{' '}
        <span lang="en">{check.detail}</span>
        {check.provider_said && (
          <div class="said">
            <span class="quiet">{t().send.said}: </span>
            {check.provider_said}
          </div>
        )}
        {check.fix && (
          <p class="fix" lang="en">
            → {check.fix}
          </p>
        )}
      </div>
    </li>
  );
}
