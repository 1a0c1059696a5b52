import { count } from '../../amounts.ts';
import type { Forecast } from '../../core/deliveries/forecast.ts';
import { percentThisWeek } from '../../core/deliveries/repeat.store.ts';
import type { ApprovalRow } from '../../core/sends/approval.store.ts';
import { exactHash } from '../../core/sends/content-hash.ts';
import { visible } from '../../visible.ts';
import { lookAhead } from '../templates/account-notices.ts';
import { people } from './dry-run.ts';
import type { Sample } from './send.schema.ts';
import type { Asked, SendContext } from './send-bulk-messages.ts';

/** More of a message than this is not read in a form. */
const SHOWN_CHARACTERS = 800;

interface Outlook {
  readonly seen: Forecast;
  readonly samples: readonly Sample[];
  /** The last that somebody has agreed to. */
  readonly agreed: ApprovalRow | undefined;
  /** Milliseconds since 1970; null: at once. */
  readonly startsAt: number | null;
}

/** What a person reads before they agree: what would leave, to whom, and what is new about it. In plain text. */
export async function formText(
  { ledger }: SendContext,
  asked: Asked,
  { seen, samples, agreed, startsAt }: Outlook,
): Promise<string> {
  const { sender, audience, key, before, template, content, notices } = asked;
  const byTemplate = template || content.template ? seen.byTemplate : 0;
  const outlook = byTemplate > 0 ? await lookAhead(ledger, sender, byTemplate) : null;
  const lately = await percentThisWeek(
    ledger,
    { ...key, total: audience.total_count, seq: before?.seq ?? null },
    Date.now(),
  );
  const skipped = [...seen.skips].map(([reason, people]) => `${count(people)} ${reason}`).join(', ');
  const from = content.from_name === null ? '' : `"${content.from_name}" `;
  const lines = [
    `Send this ${key.channel === 'email' ? 'email' : 'WhatsApp message'} to ${people(seen.wouldSend)}? It cannot be taken back.`,
    '',
    `From: ${from}by ${sender.about.id}`,
    `To: the audience "${audience.name}", campaign "${key.campaign}"`,
    `Gets it: ${count(seen.wouldSend)} of ${count(audience.total_count)}`,
    `Skipped: ${skipped || 'nobody'}`,
    ...(byTemplate > 0 ? [`By template: ${count(byTemplate)}; the others as text`] : []),
    `Starts: ${startsAt === null ? 'at once' : new Date(startsAt).toISOString()}`,
    `Takes: ${duration(seen.wouldSend, sender.about.ratePerSecond, outlook?.days)}`,
    `Had a message from here this week: ${lately === 0 ? 'nobody' : `about ${lately} % of the audience`}`,
    `Since last time: ${sinceLast(asked, seen, agreed)}`,
    ...[...notices, ...(asked.prepared.warnings?.() ?? []), ...(outlook?.notices ?? [])].map(
      (one) => `Note: ${one}`,
    ),
  ];
  const shown = samples.flatMap(({ to, subject, text, way }, at) => [
    '',
    `--- Message ${at + 1} of ${samples.length}, to ${to}${way ? ` as ${way}` : ''} ---`,
    ...(subject === null ? [] : [`Subject: ${subject}`]),
    text.length > SHOWN_CHARACTERS
      ? `${text.slice(0, SHOWN_CHARACTERS)} … (${text.length} characters)`
      : text,
  ]);
  return visible(
    [...lines, ...shown, '', `To send it, type the number of people: ${seen.wouldSend}`].join('\n'),
  );
}

function sinceLast({ before, content }: Asked, seen: Forecast, agreed: ApprovalRow | undefined): string {
  if (!before) return 'it is a new send';
  const parts = [`${count(seen.sent)} got it, ${count(seen.failed)} failed`];
  const isOther = exactHash(before) !== exactHash(content);
  if (isOther) parts.push('the text is another one');
  if (agreed) parts.push(`${people(agreed.recipients)} were agreed to on ${day(agreed.asked_at)}`);
  else parts.push('nobody has agreed to it yet');
  return parts.join('; ');
}

function duration(messages: number, ratePerSecond: number | null, days: number | null | undefined): string {
  const limited = !days || days <= 1 ? '' : `, and ${days} days by the limit of the account`;
  if (ratePerSecond === null) return `as long as the provider needs: no rate is set${limited}`;
  const seconds = Math.ceil(messages / ratePerSecond);
  const time = seconds < 120 ? `${seconds} s` : `${count(Math.ceil(seconds / 60))} minutes`;
  return `about ${time} at ${ratePerSecond} a second${limited}`;
}

const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
