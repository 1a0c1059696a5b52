import type { ComponentChildren } from 'preact';
import { t } from '../../i18n/index.ts';
import { reasonWords } from '../../i18n/reasons.ts';
import { Mark } from '../../parts/mark.tsx';
import { Reason } from '../../parts/reason.tsx';
import { channelName, nameOf, readable, Time } from '../send-words.tsx';
import type { LeadPage } from './lead.tsx';

interface Entry {
  readonly at: string;
  readonly key: string;
  readonly what: ComponentChildren;
}

/** All that was sent to somebody and heard of them, the newest first. */
export function Timeline({ page }: { page: LeadPage }) {
  const words = t().lead;
  const entries = [
    ...page.messages.map(ofMessage),
    ...page.events.map(ofEvent),
    ...page.suppressions.map(ofSuppression),
    ...page.imports.map(ofImport),
  ].sort((one, other) => other.at.localeCompare(one.at));
  return (
    <section class="group" aria-label={words.timeline}>
      <h2>{words.timeline}</h2>
      {entries.length === 0 ? (
        <p class="quiet">{words.nothing}</p>
      ) : (
        <ol class="rows timeline">
          {entries.map(({ at, key, what }) => (
            <li key={key}>
              <span class="quiet nowrap">
                <Time iso={at} />
              </span>
              <div>{what}</div>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function ofMessage(one: LeadPage['messages'][number]): Entry {
  const status = one.error_code === 'outcome_unknown' ? 'unknown' : one.send_status;
  const name = nameOf({ campaign: one.campaign, subject: one.subject, audience_name: readable(one.message) });
  return {
    at: one.sent_at ?? one.send_created_at,
    key: `send ${one.send_id}`,
    what: (
      <>
        <Mark status={status} /> <a href={`/sends/${one.send_id}`}>{name}</a>{' '}
        <span class="quiet">
          {channelName(one.channel)}
          {one.error_code !== null && (
            <>
              {' · '}
              <Reason code={one.error_code} says={one.error} />
            </>
          )}
        </span>
        {/* A link within a summary is none to whoever hears the page. */}
        <details>
          <summary>{t().lead.asSent}</summary>
          <pre class="message-text">{one.message || t().lead.noText}</pre>
          {one.provider_said !== null && (
            <p class="said">
              <span class="quiet">{t().send.said}: </span>
              {one.provider_said}
            </p>
          )}
        </details>
      </>
    ),
  };
}

function ofEvent(one: LeadPage['events'][number]): Entry {
  return {
    at: one.occurred_at,
    key: `event ${one.event_id}`,
    what: (
      <>
        {t().lead.events[one.type] ?? one.type}
        {one.text !== null && <q class="said">{one.text}</q>}
        {one.reason !== null && (
          <span class="quiet" lang="en">
            {' '}
            · {one.reason}
          </span>
        )}
      </>
    ),
  };
}

function ofSuppression(one: LeadPage['suppressions'][number]): Entry {
  return {
    at: one.created_at,
    key: `suppression ${one.channel}`,
    what: (
      <>
        {t().lead.suppressed(reasonWords(one.reason, one.reason))}
        {one.source !== null && <span class="quiet"> · {t().lead.source(one.source)}</span>}
      </>
    ),
  };
}

function ofImport(one: LeadPage['imports'][number]): Entry {
  const words = t().lead;
  return {
    at: one.created_at,
    key: `import ${one.import_id}`,
    what: (
      <>
        {words.imported(one.file ?? 'CSV')}{' '}
        <span class="quiet">· {one.made_lead ? words.importedNew : words.importedKnown}</span>
      </>
    ),
  };
}
