import type { Output } from '../api/catalogue.ts';
import { count, distance, duration, fullTime, t, time } from '../i18n/index.ts';
import type { Parts } from '../parts/charts.tsx';

export type Send = Output<'sends.list'>['sends'][number];

/** What a send is called: its campaign, else what it says, else to whom it goes. */
export function nameOf(send: Pick<Send, 'campaign' | 'subject' | 'audience_name'>): string {
  if (send.campaign !== 'default') return send.campaign;
  return send.subject === null ? send.audience_name : readable(send.subject);
}

/** A text with its fields as they read where they are empty: "Hello, a small surprise". */
export function readable(text: string): string {
  return text.replaceAll(
    /\{\{[^}]*?(?:default:\s*"([^"]*)")?\s*\}\}/g,
    (_, fallback?: string) => fallback ?? '…',
  );
}

export function partsOf(send: Send): Parts {
  return {
    sent: send.total_sent,
    failed: send.total_failed - send.total_unknown,
    unknown: send.total_unknown,
    skipped: send.total_skipped,
    pending: send.total_remaining,
  };
}

/** Settled, one way or the other. */
export function settled(send: Send): number {
  return send.total_in_audience - send.total_remaining;
}

export function channelName(channel: string): string {
  return channel === 'whatsapp' ? t().common.whatsapp : t().common.email;
}

/** The numbers of a bar in words, for whoever does not see it. */
export function partsInWords(send: Send): string {
  const { status } = t();
  return [
    `${count(send.total_sent)} ${status.sent}`,
    `${count(send.total_failed)} ${status.failed}`,
    `${count(send.total_skipped)} ${status.skipped}`,
    `${count(send.total_remaining)} ${status.remaining}`,
  ].join(', ');
}

/** When it is over, by the rate of now: "done ≈ 14:31, in 2 min 42 s"; null: nobody knows. */
export function timeLeft(send: Send): string | null {
  if (send.state !== 'running' || send.seconds_left === null) return null;
  const at = new Date(Date.now() + send.seconds_left * 1_000).toISOString();
  return t().send.left(duration(send.seconds_left), time(at));
}

/** A time, with its zone for whoever points at it. */
export function Time({ iso, isFar }: { iso: string; isFar?: boolean }) {
  return (
    <time dateTime={iso} title={fullTime(iso)}>
      {isFar ? `${fullTime(iso)}, ${distance(iso)}` : time(iso)}
    </time>
  );
}

/** Why it is paused: what only the server has words for is marked as English. */
export function PausedReason({ send }: { send: Pick<Send, 'problem' | 'paused_reason'> }) {
  const words = t().send;
  if (send.problem === 'paused_by_request') return <>{words.pausedByRequest}</>;
  if (send.problem === 'approval_needed') return <>{words.approvalNeeded}</>;
  return <span lang="en">{send.paused_reason}</span>;
}
