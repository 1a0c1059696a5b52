import type { Tidings } from '../tidings.ts';
import { createAudience } from './audience.ts';
import type { Result } from './context.ts';
import { duration } from './duration.ts';
import { callToolOverHttp } from './mcp-call.ts';

const MOST_PEOPLE = 1_000;
const ABOUT_SECONDS = 240;

const NEWSLETTER = {
  subject: 'What is new this spring',
  message:
    '<h1>Hello {{lead.first_name | default: "there"}}!</h1>' +
    '<p>Four new things that we made since winter, and one that we gave up.</p>' +
    '<p>Until next month<br>{{site.name}}</p>',
  from: 'Spring Team',
  campaign: 'Spring newsletter',
} as const;

/** The sender of the send that is there to be watched: some minutes for all, at least one message a second. */
export function slowSandbox(leads: number): { id: string; ratePerSecond: number } {
  const ratePerSecond = Math.max(1, Math.round(Math.min(leads, MOST_PEOPLE) / ABOUT_SECONDS));
  return { id: 'sandbox:slow-email', ratePerSecond };
}

/** @returns its answer, while the send has only just begun */
export async function startSlowSend(
  { tidings, url }: { readonly tidings: Tidings; readonly url: string },
  sender: string,
  signal: AbortSignal,
): Promise<Result> {
  const people = { name: 'Readers of the newsletter', origin: 'demo', limit: MOST_PEOPLE };
  const { audience_id } = await createAudience(tidings, people);
  const input = { audience_id, channel: 'email', sender, ...NEWSLETTER, max_wait_seconds: 0 };
  return callToolOverHttp({ url, tool: 'sendBulkMessages', input, signal });
}

/** @param emails how many people the demo reaches by email */
export function slowSendTakes(emails: number, ratePerSecond: number): string {
  return duration(Math.min(emails, MOST_PEOPLE) / ratePerSecond);
}
